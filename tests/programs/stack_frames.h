/* SPDX-License-Identifier: MIT */
/*
 * Frames of every shape, for the programs stack_frames_*.c that compile them with different flags:
 * alloca, variable arrays, locals aligned to 64 and 4096 bytes, many saved registers, variadic
 * functions, and callbacks from libc (qsort). Every function allocates, calls the next, and
 * allocates again.
 */
#ifndef MT_TESTS_STACK_FRAMES_H
#define MT_TESTS_STACK_FRAMES_H

#include "target.h"
#include <alloca.h>

#define SHAPE __attribute__((noinline)) static unsigned

static volatile unsigned depth_limit;

SHAPE plain(unsigned depth);

static void touch(size_t bytes) {
    free(need(malloc(bytes)));
}

SHAPE end(unsigned depth) {
    touch(depth);
    return depth;
}

SHAPE with_alloca(unsigned depth) {
    char *local = keep(alloca(depth * 37 % 3000 + 1));
    local[0] = 1;
    touch(1);
    unsigned result = plain(depth) + (unsigned)local[0];
    touch(2);
    return result;
}

SHAPE with_array(unsigned depth) {
    int array[depth % 100 + 1];
    keep(array);
    array[depth % 100] = 3;
    touch(3);
    unsigned result = with_alloca(depth) + (unsigned)array[depth % 100];
    touch(4);
    return result;
}

SHAPE with_alignment(unsigned depth) {
    _Alignas(64) char line[64];
    _Alignas(4096) char page[4096];
    keep(line);
    page[0] = (char)((uintptr_t)keep(page) % 4096);
    touch(5);
    unsigned result = with_array(depth) + (unsigned)page[0];
    touch(6);
    return result;
}

SHAPE with_both(unsigned depth) {
    _Alignas(128) char wide[256];
    char *local = keep(alloca(depth + 1));
    local[0] = (char)((uintptr_t)keep(wide) % 128);
    touch(7);
    unsigned result = with_alignment(depth) + (unsigned)local[0];
    touch(8);
    return result;
}

SHAPE with_registers(unsigned depth) {
    unsigned a = depth, b = a * 3, c = b ^ 5, d = c + a, e = d * b, f = e ^ a, g = f + 1;
    touch(9);
    a += with_both(depth);
    touch(10);
    return (a ^ b ^ c ^ d ^ e ^ f ^ g) & 1023;
}

SHAPE with_arguments(unsigned depth, int n, ...) {
    va_list list;
    unsigned sum = 0;
    va_start(list, n);
    while (n--)
        sum += va_arg(list, unsigned);
    va_end(list);
    touch(11);
    return sum + with_registers(depth);
}

static int compare(const void *a, const void *b) {
    touch(12);
    return *(const int *)a - *(const int *)b;
}

SHAPE with_callback(unsigned depth) {
    int numbers[9] = {4, 1, 8, 2, 9, 3, 7, 5, 6};
    qsort(numbers, 9, sizeof *numbers, compare);
    touch(13);
    return (unsigned)numbers[3] + with_arguments(depth, 8, 1u, 2u, 3u, 4u, 5u, 6u, 7u, 8u);
}

SHAPE plain(unsigned depth) {
    touch(14);
    return depth >= depth_limit ? end(depth) : with_callback(depth + 1) + 1;
}

int main(void) {
    unsigned long sum = 0;
    for (unsigned i = 0; i < 300; i++) {
        depth_limit = i % 12;
        sum += plain(0);
    }
    printf("%lu\n", sum);
    return 0;
}

#endif
