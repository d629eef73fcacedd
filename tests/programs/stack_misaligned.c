/* SPDX-License-Identifier: MIT */
// flags: -O2 -g -fno-builtin -mno-sse -fno-optimize-sibling-calls -fno-omit-frame-pointer
// GNU-flags: -mpreferred-stack-boundary=3
// Clang-flags: -mstack-alignment=8
/*
 * Code that does not keep the stack aligned to 16 bytes, as hand-written assembly and old JIT
 * compilers: every entry point of the allocator is called with a stack pointer that is 8 bytes off
 * every other time, through frames of odd and even sizes. With `odd`, it is off by 1 to 15 bytes.
 * glibc does not mind. Prints the number of allocations.
 */
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#if !defined(__x86_64__)
int main(void) {
    return 77;
}
#else

enum { ROUNDS = 300, DEPTH = 9 };
static unsigned n;
static int is_odd;

/* The stack pointer is moved down by off; %rbp is the frame pointer here, so that unwinding does
 * not mind. */
__attribute__((noinline)) static void *shifted(void *function, long off, long a, long b, long c) {
    long result = 0;
    __asm__ volatile("movq %%rsp, %%rbx\n\t"
                     "subq $128, %%rsp\n\t"
                     "andq $-16, %%rsp\n\t"
                     "subq %[off], %%rsp\n\t"
                     "call *%[function]\n\t"
                     "movq %%rbx, %%rsp"
                     : "=a"(result), "+D"(a), "+S"(b), "+d"(c)
                     : [function] "r"(function), [off] "r"(off)
                     : "rbx", "rcx", "r8", "r9", "r10", "r11", "memory", "cc");
    return (void *)result;
}

static void *call(void *function, long off, long a, long b) {
    if (is_odd)
        return shifted(function, off, a, b, 0);
    return ((void *(*)(long, long))function)(a, b);
}

static void *made(void *block, size_t bytes) {
    if (!block)
        _exit(1);
    n++;
    return memset(block, 1, bytes);
}

__attribute__((noinline)) static void use(long off) {
    void *block = made(call(malloc, off, 100 + off, 0), 100);
    block = made(call(realloc, off, (long)block, 3000 + off), 3000);
    call(free, off, (long)block, 0);
    block = made(call(calloc, off, 3, 70), 210);
    call(free, off, (long)block, 0);
    block = made(call(memalign, off, 64, 650), 650);
    call(free, off, (long)block, 0);
    block = made(call(aligned_alloc, off, 32, 640), 640);
    call(free, off, (long)block, 0);
    block = made(call(malloc, off, 1 << 20, 0), 1 << 20);
    call(free, off, (long)block, 0);
    call(malloc, off, PTRDIFF_MAX, 0);
}

__attribute__((noinline)) static void even(int depth, long off);

__attribute__((noinline)) static void uneven(int depth, long off) {
    volatile char room[24];
    room[depth] = 1;
    if (depth == 0)
        use(off);
    else
        even(depth - 1, off);
    room[depth] = 2;
}

__attribute__((noinline)) static void even(int depth, long off) {
    volatile char room[48];
    room[depth] = 1;
    if (depth == 0)
        use(off);
    else
        uneven(depth - 1, off);
    room[depth] = 2;
}

static void work(void) {
    for (int i = 0; i < ROUNDS; i++)
        even(i % DEPTH, is_odd ? 1 + i % 15 : 0);
}

int main(int argc, char **argv) {
    char text[16];
    int length = 0, status;
    is_odd = argc > 1 && strcmp(argv[1], "odd") == 0;
    work();
    pid_t pid = fork();
    if (pid == 0) {
        work();
        _exit(0);
    }
    if (waitpid(pid, &status, 0) != pid || status != 0)
        return 2;
    for (unsigned rest = n, digits = 10; digits-- > 0; rest /= 10)
        text[digits] = (char)('0' + rest % 10), length = 10;
    return write(1, text, (size_t)length) == length ? 0 : 1;
}
#endif
