/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin -fno-optimize-sibling-calls -Wno-infinite-recursion
/* longjmp over 50 frames and more, back into frames that then call other functions on the same
 * stack slots. Every return is followed by an allocation of a path that shares only its outer part
 * with the one before. */
#include "target.h"
#include <setjmp.h>

static jmp_buf outer, inner;
static void *left[3000];
static int n_left;

__attribute__((noinline)) static int down(int level, int goal) {
    char pad[64 + 16 * 4];
    keep(pad);
    free(need(malloc(11)));
    if (level == goal) {
        left[n_left++] = need(malloc(12));
        longjmp(goal % 2 ? outer : inner, goal + 1);
    }
    return down(level + 1, goal) + (int)(uintptr_t)keep(pad);
}

__attribute__((noinline)) static int other(int level) {
    void *block = need(malloc(13));
    int result = level ? other(level - 1) + 1 : 0;
    free(block);
    return result;
}

__attribute__((noinline)) static int middle(int goal) {
    if (setjmp(inner) == 0)
        return down(0, goal);
    return other(goal / 2);
}

int main(void) {
    volatile int i;
    volatile long sum = 0;
    for (i = 0; i < 1000; i++) {
        if (setjmp(outer) == 0)
            sum += middle(i % 60);
        else
            sum += other(i % 30);
    }
    for (i = 0; i < n_left; i++)
        free(left[i]);
    printf("%ld %d\n", sum, n_left);
    return 0;
}
