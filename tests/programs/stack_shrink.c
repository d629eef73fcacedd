/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin -fno-optimize-sibling-calls
/*
 * `stack_shrink ROUNDS libc|raw`: a coroutine allocates below 950 frames on a stack of 256 KiB; the
 * stack goes, and at its address another coroutine has one of 64 KiB, where the same recursion
 * comes by the same slots, as far as they are there. Prints the number of frames of all
 * allocations.
 */
#include "target.h"
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

enum { BIG = 256 << 10, SMALL = 64 << 10, DEEP = 950 };

static ucontext_t home, context;
static int depth;
static bool raw;
static long frames;

__attribute__((noinline)) static void descend(int n) {
    volatile char pad[232];
    pad[0] = 1;
    if (n > 0)
        descend(n - 1);
    else
        free(need(malloc(11)));
    frames += pad[0];
}

static void body(void) {
    descend(depth);
    swapcontext(&context, &home);
}

static void run(char *stack, size_t bytes, int n) {
    getcontext(&context);
    context.uc_stack.ss_sp = stack;
    context.uc_stack.ss_size = bytes;
    context.uc_link = NULL;
    depth = n;
    makecontext(&context, body, 0);
    swapcontext(&home, &context);
}

static void map(char *at, size_t bytes) {
    int protection = PROT_READ | PROT_WRITE, flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
    void *got = raw ? (void *)syscall(SYS_mmap, at, bytes, protection, flags, -1, 0)
                    : mmap(at, bytes, protection, flags, -1, 0);
    if (got != at)
        die("mmap");
}

/* The addresses stay the program's own: nothing else may come to lie there. */
static void unmap(char *at, size_t bytes) {
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE;
    void *got = raw ? (void *)syscall(SYS_mmap, at, bytes, PROT_NONE, flags, -1, 0)
                    : mmap(at, bytes, PROT_NONE, flags, -1, 0);
    if (got != at)
        die("mmap");
}

int main(int argc, char **argv) {
    if (argc != 3)
        die("usage: stack_shrink ROUNDS libc|raw");
    raw = argv[2][0] == 'r';
    char *at = mmap(NULL, 2 * BIG, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED)
        die("mmap");
    for (int i = 0; i < atoi(argv[1]); i++)
        for (int n = 100; n <= 225; n += 7) {
            map(at, BIG);
            run(at, BIG, DEEP);
            unmap(at, BIG);
            map(at, SMALL);
            run(at, SMALL, n);
            unmap(at, SMALL);
        }
    printf("%ld\n", frames);
    return 0;
}
