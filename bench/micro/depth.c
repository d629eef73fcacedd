/* SPDX-License-Identifier: MIT */
/*
 * malloc and free of 48 bytes at stack depths of 5, 20, 50 and 100 frames, in nanoseconds a pair.
 * The stack is the same each time: the best case for whoever compares it with the last one, and the
 * figure at 100 minus that at 5 is the price of comparing 95 frames.
 *
 * usage: depth [PAIRS]
 */
#include "micro.h"

static long pairs;

static NOINLINE void measure(int depth) {
    double begin = now_s();
    for (long i = 0; i < pairs; i++) {
        void *block = need(malloc(48));
        __asm__ volatile("" : : "r"(block) : "memory"); /* or the compiler drops the pair */
        free(block);
    }
    printf("depth %d: %.2f ns\n", depth, (now_s() - begin) / (double)pairs * 1e9);
}

static NOINLINE void descend(int level, int depth) {
    char frame[32];
    __asm__ volatile("" : : "r"(frame) : "memory");
    if (level == depth)
        measure(depth);
    else
        descend(level + 1, depth);
    __asm__ volatile("" : : "r"(frame) : "memory"); /* keeps the call from being a jump */
}

int main(int argc, char **argv) {
    pairs = argument(argc, argv, 1, 2000000, 1, 1000000000);
    descend(0, 5);
    descend(0, 20);
    descend(0, 50);
    descend(0, 100);
    return 0;
}
