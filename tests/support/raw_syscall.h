/* SPDX-License-Identifier: MIT */
/* A system call by an instruction of the program's own, past libc and everything that looks at
 * libc's functions. */
#ifndef MT_TESTS_RAW_SYSCALL_H
#define MT_TESTS_RAW_SYSCALL_H

/* Returns what the kernel does: from -4095 to -1 it is a negative errno. */
static inline __attribute__((always_inline)) long raw_syscall(long number, long a, long b, long c,
                                                              long d, long e, long f) {
#if defined(__x86_64__)
    long result;
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
#else
    register long x8 __asm__("x8") = number, x0 __asm__("x0") = a, x1 __asm__("x1") = b,
                     x2 __asm__("x2") = c, x3 __asm__("x3") = d, x4 __asm__("x4") = e,
                     x5 __asm__("x5") = f;
    __asm__ volatile("svc 0"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                     : "memory");
    return x0;
#endif
}

#endif
