/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
/* Blocks that the very next allocator call frees, and close relatives that are not temporary.
 * Prints how many are: 1000 plain pairs, 100 of a nested pair's inner block, and realloc: each of
 * the 50 moves ends the block before it at once, the last one is freed at once as well (51). */
#include "target.h"

static void pairs(void) {
    for (size_t i = 0; i < 1000; i++)
        free(need(malloc(i + 1)));
}

static void nested(void) {
    for (int i = 0; i < 100; i++) {
        void *outer = need(malloc(10));
        void *inner = need(malloc(20));
        free(inner); /* temporary */
        free(outer); /* the next event after its allocation was inner's */
    }
}

static void crossed(void) {
    for (int i = 0; i < 100; i++) {
        void *first = need(malloc(30));
        void *second = need(malloc(40));
        free(first);
        free(second);
    }
}

static void growing(void) {
    void *block = need(malloc(8));
    for (size_t i = 1; i <= 50; i++)
        block = need(realloc(block, i * 1000));
    free(block);
}

int main(void) {
    void *kept = need(malloc(1));
    pairs();
    nested();
    crossed();
    growing();
    free(kept);
    puts("temporary 1151"); /* 1000 + 100 + 50 + 1 */
    return 0;
}
