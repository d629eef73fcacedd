/* SPDX-License-Identifier: MIT */
/*
 * What every micro workload needs: a clock, a small generator of pseudo-random numbers (the same
 * sequence everywhere) and an allocation that does not fail. Everything is static inline, so that
 * the call paths are those of the workload.
 */
#ifndef BENCH_MICRO_H
#define BENCH_MICRO_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define NOINLINE __attribute__((noinline))

static inline double now_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* xorshift64*: one multiplication a number, so that the generator does not hide the allocator. */
static inline uint32_t next_random(uint64_t *state) {
    uint64_t x = *state;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    *state = x;
    return (uint32_t)((x * 0x2545F4914F6CDD1Du) >> 32);
}

static inline uint32_t random_below(uint64_t *state, uint32_t n) {
    return (uint32_t)((uint64_t)next_random(state) * n >> 32);
}

/* Different seeds must not give the same sequence shifted by one. */
static inline uint64_t random_seed(uint64_t seed) {
    return (seed + 1) * 0x9E3779B97F4A7C15u;
}

static inline void *need(void *block) {
    if (!block) {
        fputs("out of memory\n", stderr);
        exit(1);
    }
    return block;
}

static inline void print_throughput(double operations, double seconds) {
    printf("throughput: %.0f operations/s\n", operations / seconds);
}

static inline long argument(int argc, char **argv, int i, long otherwise, long least, long most) {
    char *end = NULL;
    if (argc <= i)
        return otherwise;
    long value = strtol(argv[i], &end, 10);
    if (*end || value < least || value > most) {
        fprintf(stderr, "%s: argument %d: %s is not a number from %ld to %ld\n", argv[0], i,
                argv[i], least, most);
        exit(2);
    }
    return value;
}

#endif
