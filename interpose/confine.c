/* SPDX-License-Identifier: MIT */
/*
 * Seccomp is noticed on its way in, by the two libc functions that everybody (libseccomp too) installs it with. A
 * recorder that went on making system calls of its own afterwards would get the target killed. Both are passed on as
 * they come, with all the arguments that a system call can have.
 */
#include "interpose/hook.h"

#include <linux/seccomp.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

/* What every allocator calls is taken to be allowed by a filter, and nothing else; strict mode allows none of ours. */
static void note(bool strict) {
    uint64_t allowed = mt_os_bit(SYS_mmap) | mt_os_bit(SYS_munmap) | mt_os_bit(SYS_mremap) | mt_os_bit(SYS_madvise);
    __atomic_fetch_or(&mt_os_denied, strict ? MT_OS_ALL_CALLS : ~allowed, __ATOMIC_RELAXED);
}

#define READ_ARGUMENTS(list, after)                                                                                    \
    va_list list;                                                                                                      \
    va_start(list, after);                                                                                             \
    long a = va_arg(list, long), b = va_arg(list, long), c = va_arg(list, long), d = va_arg(list, long);               \
    long e = va_arg(list, long), f = va_arg(list, long);                                                               \
    va_end(list)

MT_HOOK int prctl(int option, ...) {
    static int (*next)(int, ...);
    READ_ARGUMENTS(list, option);
    (void)e;
    (void)f;
    if (next == NULL)
        next = (int (*)(int, ...))mt_next_symbol("prctl");
    if (option == PR_SET_SECCOMP)
        note(a == SECCOMP_MODE_STRICT);
    return next(option, a, b, c, d);
}

MT_HOOK long syscall(long number, ...) {
    static long (*next)(long, ...);
    READ_ARGUMENTS(list, number);
    if (next == NULL)
        next = (long (*)(long, ...))mt_next_symbol("syscall");
    if (number == SYS_seccomp && (a == SECCOMP_SET_MODE_STRICT || a == SECCOMP_SET_MODE_FILTER))
        note(a == SECCOMP_SET_MODE_STRICT);
    return next(number, a, b, c, d, e, f);
}
