/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin -fno-inline -fno-optimize-sibling-calls
/* The composition at the peak is known: at the highest moment base holds 10 x 700, rising 60 x 100,
 * other 5 x 64 and falling nothing, although falling allocates the most over the whole run. Writes
 * nothing, so that no buffer of stdio joins in. */
#include "target.h"

static void *base(void) {
    return need(malloc(700));
}
static void *rising(void) {
    return need(malloc(100));
}
static void *other(void) {
    return need(calloc(8, 8));
}
static void *falling(void) {
    return need(malloc(1200));
}

int main(void) {
    void *bases[10], *tower[60], *others[40];
    for (int i = 0; i < 10; i++)
        bases[i] = base();
    for (int i = 0; i < 100; i++) {
        void *first = falling();
        free(first);
    }
    for (int i = 0; i < 5; i++)
        others[i] = other();
    for (int i = 0; i < 60; i++)
        tower[i] = rising();
    for (int i = 0; i < 60; i++)
        free(tower[i]);
    for (int i = 5; i < 40; i++)
        others[i] = other();
    for (int i = 0; i < 40; i++)
        free(others[i]);
    for (int i = 1; i < 10; i++)
        free(bases[i]);
    return 0;
}
