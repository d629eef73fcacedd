/* SPDX-License-Identifier: MIT */
// flags: -finstrument-functions -finstrument-functions-exclude-file-list=micro.h,memtrack.h
// flags: -I../../lib/include
/*
 * What measuring costs, in nanoseconds each: a scope around nothing, a scope around a malloc and a
 * free less what these cost by themselves, a call of a function that -finstrument-functions makes a
 * scope of, and the two readings of the clock that every scope contains. The least of many short
 * runs: what is shorter than a microsecond is lost in any disturbance.
 *
 * usage: scopes [SCOPES]
 */
#include "micro.h"

#include <memtrack.h>

#define UNSEEN NOINLINE __attribute__((no_instrument_function))

enum { RUNS = 50 };

static UNSEEN void clocks(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    clock_gettime(CLOCK_MONOTONIC, &now);
}

static UNSEEN void scope(void) {
    memtrack_scope s;
    memtrack_begin(&s, "work item");
    memtrack_end(&s, NULL);
}

static UNSEEN void pair(void) {
    void *block = need(malloc(48));
    __asm__ volatile("" : : "r"(block) : "memory");
    free(block);
}

static UNSEEN void scope_of_pair(void) {
    memtrack_scope s;
    memtrack_begin(&s, "work with memory");
    pair();
    memtrack_end(&s, NULL);
}

static NOINLINE void function(void) {
    __asm__ volatile("");
}

static UNSEEN double least_ns(void (*work)(void), long n) {
    double least = 0;
    for (int run = 0; run < RUNS; run++) {
        double begin = now_s();
        for (long i = 0; i < n; i++)
            work();
        double ns = (now_s() - begin) / (double)n * 1e9;
        least = run == 0 || ns < least ? ns : least;
    }
    return least;
}

UNSEEN int main(int argc, char **argv) {
    long n = argument(argc, argv, 1, 50000, 1, 100000000);
    printf("two clock readings: %.2f ns\n", least_ns(clocks, n));
    printf("scope: %.2f ns\n", least_ns(scope, n));
    printf("scope of a malloc and free: %.2f ns\n", least_ns(scope_of_pair, n) - least_ns(pair, n));
    printf("function: %.2f ns\n", least_ns(function, n));
    return 0;
}
