/* SPDX-License-Identifier: MIT */
/*
 * What the little target programs share. They must do exactly what their source says: keep() hides
 * a pointer from the optimiser, so that no allocation is folded away, and die() ends a program that
 * the machine does not let run.
 */
#ifndef MT_TESTS_TARGET_H
#define MT_TESTS_TARGET_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TARGET_SKIP = 77 }; /* exit status: this machine cannot run the program */

static inline void *keep(void *pointer) {
    __asm__ volatile("" : "+r"(pointer) : : "memory");
    return pointer;
}

static inline void *need(void *pointer) {
    if (!keep(pointer)) {
        perror("allocation that must succeed");
        exit(1);
    }
    return pointer;
}

__attribute__((noreturn, format(printf, 1, 2))) static inline void die(const char *format, ...) {
    va_list list;
    va_start(list, format);
    vfprintf(stderr, format, list);
    va_end(list);
    fputc('\n', stderr);
    exit(1);
}

/* The numbers of Knuth's MMIX: the same on every machine and in every run. */
static inline uint32_t next_random(uint64_t *state) {
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*state >> 33);
}

#endif
