/* SPDX-License-Identifier: MIT */
// flags: -O2 -g -fno-builtin -fno-inline -foptimize-sibling-calls
/* Functions that leave by a jump: mutual tail calls of changing depth, tail calls into malloc
 * itself, and a function that ends in a call that does not return, so that its return address lies
 * in the next function. */
#include "target.h"
#include <setjmp.h>

static jmp_buf back;
static volatile int steps;

static void *odd(int n, size_t bytes);

static void *last(size_t bytes) {
    return malloc(bytes);
}

static void *even(int n, size_t bytes) {
    return n == 0 ? last(bytes) : odd(n - 1, bytes + 1);
}

static void *odd(int n, size_t bytes) {
    steps++;
    return n == 0 ? last(bytes) : even(n - 1, bytes + 2);
}

__attribute__((noreturn)) static void leave(void *block) {
    free(block);
    free(need(malloc(8)));
    longjmp(back, 1);
}

static void ends_in_noreturn(void) {
    leave(need(malloc(9)));
}

static void follows(void) {
    free(need(malloc(10)));
}

int main(void) {
    volatile int i;
    for (i = 0; i < 2000; i++) {
        free(even(i % 9, (size_t)(i % 50)));
        if (!setjmp(back))
            ends_in_noreturn();
        follows();
    }
    printf("%d\n", steps);
    return 0;
}
