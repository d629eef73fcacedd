/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
/*
 * Few large blocks that are freed again, then many small ones, half of which stay: for estimates.
 * Counted by their own bytes the large ones would be the peak of a recording that has seen one
 * small block in a hundred.
 */
#include "target.h"

enum {
    LARGE = 20,
    LARGE_BYTES = 1 << 20,
    SMALL = 300000,
    SMALL_BYTES = 100,
    MIDDLE = 4000,
    MIDDLE_BYTES = 5000
};

static void *block[SMALL];

__attribute__((noinline)) static void large(void) {
    for (int i = 0; i < LARGE; i++)
        block[i] = need(malloc(LARGE_BYTES));
    for (int i = 0; i < LARGE; i++)
        free(block[i]);
}

__attribute__((noinline)) static void small(void) {
    for (int i = 0; i < SMALL; i++)
        block[i] = need(malloc(SMALL_BYTES));
    for (int i = 0; i < SMALL; i += 2)
        free(block[i]);
}

__attribute__((noinline)) static void middle(void) {
    for (int i = 0; i < MIDDLE; i++)
        free(need(malloc(MIDDLE_BYTES)));
}

int main(void) {
    large();
    small();
    middle();
    return 0;
}
