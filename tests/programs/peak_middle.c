/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
/* The peak lies in the middle and is reached twice with the same height; what is live at exit is
 * something else. */
#include "target.h"

static void *block[300];

static void mountain(int height) {
    for (int i = 0; i < height; i++)
        block[i] = need(malloc(1000));
    for (int i = height - 1; i >= 0; i--)
        free(block[i]);
}

int main(void) {
    void *tail[40];
    mountain(100);
    mountain(300);
    mountain(200);
    for (int i = 0; i < 40; i++)
        tail[i] = need(malloc(500));
    free(tail[0]);
    mountain(250);
    return 0;
}
