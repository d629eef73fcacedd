/* SPDX-License-Identifier: MIT */
/* A library with a system call instruction that is told its number, and with an allocation. Also
 * the other way to compile it for programs: included. */
#include <stdlib.h>

long raw_call(long number, long a, long b, long c);
void *allocate_elsewhere(size_t bytes);

__attribute__((noinline)) long raw_call(long number, long a, long b, long c) {
#if defined(__x86_64__)
    long result;
    register long r10 __asm__("r10") = 0;
    register long r8 __asm__("r8") = 0;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
                     : "rcx", "r11", "memory");
    return result;
#else
    register long x8 __asm__("x8") = number, x0 __asm__("x0") = a, x1 __asm__("x1") = b,
                     x2 __asm__("x2") = c, x3 __asm__("x3") = 0, x4 __asm__("x4") = 0;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
    return x0;
#endif
}

void *allocate_elsewhere(size_t bytes) {
    void *block = malloc(bytes);
    __asm__ volatile("" : "+r"(block));
    return block;
}
