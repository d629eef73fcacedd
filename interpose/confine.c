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
        mt_os_confined = true;
    return next(option, a, b, c, d);
}

MT_HOOK long syscall(long number, ...) {
    static long (*next)(long, ...);
    READ_ARGUMENTS(list, number);
    if (next == NULL)
        next = (long (*)(long, ...))mt_next_symbol("syscall");
    if (number == SYS_seccomp && (a == SECCOMP_SET_MODE_STRICT || a == SECCOMP_SET_MODE_FILTER))
        mt_os_confined = true;
    return next(number, a, b, c, d, e, f);
}
