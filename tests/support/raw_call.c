/* SPDX-License-Identifier: MIT */
/* A library with a system call instruction that is told its number, and with an allocation. Also
 * the other way to compile it for programs: included. */
#include "raw_syscall.h"

#include <stdlib.h>

long raw_call(long number, long a, long b, long c);
void *allocate_elsewhere(size_t bytes);

__attribute__((noinline)) long raw_call(long number, long a, long b, long c) {
    return raw_syscall(number, a, b, c, 0, 0, 0);
}

void *allocate_elsewhere(size_t bytes) {
    void *block = malloc(bytes);
    __asm__ volatile("" : "+r"(block));
    return block;
}
