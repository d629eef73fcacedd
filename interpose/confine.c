/* SPDX-License-Identifier: MIT */
/*
 * Seccomp is noticed on its way in, by the two libc functions that everybody (libseccomp too)
 * installs it with: what that means for the recorder is in track/process/confinement.c. Both are
 * passed on as they come, with all the arguments that a system call can have. mlockall is here for
 * the same reason: what it does to the recorder's memory would be the program's loss.
 */
#include "interpose/fork.h"
#include "interpose/hook.h"
#include "interpose/thread_name.h"
#include "track/fork.h"
#include "track/process/confinement.h"
#include "track/process/memory_lock.h"

#include <linux/seccomp.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

/* Returns the filter at an address, and never NULL, which would mean strict mode. What lies at
 * address 1 cannot be read, and the kernel will say so. */
static const struct sock_fprog *filter_at(long address) {
    return (const struct sock_fprog *)(address != 0 ? address : 1);
}

#define READ_ARGUMENTS(list, after)                                                                \
    va_list list;                                                                                  \
    va_start(list, after);                                                                         \
    long a = va_arg(list, long), b = va_arg(list, long), c = va_arg(list, long),                   \
         d = va_arg(list, long);                                                                   \
    long e = va_arg(list, long), f = va_arg(list, long);                                           \
    va_end(list)

static int set_name(int result, const char *name) {
    if (result == 0)
        mt_thread_name_is(name);
    return result;
}

MT_HOOK int prctl(int option, ...) {
    READ_ARGUMENTS(list, option);
    (void)e;
    (void)f;
    int (*next)(int, ...) = MT_NEXT_CALL(prctl);
    if (option == PR_SET_NAME)
        return set_name(next(option, a, b, c, d), (const char *)a);
    if (option != PR_SET_SECCOMP || (a != SECCOMP_MODE_STRICT && a != SECCOMP_MODE_FILTER))
        return next(option, a, b, c, d);
    uint64_t before = mt_confinement_begin(a == SECCOMP_MODE_FILTER ? filter_at(b) : NULL);
    int result = next(option, a, b, c, d);
    if (result != 0)
        mt_confinement_failed(before);
    return result;
}

MT_HOOK int mlockall(int flags) {
    return mt_memory_lock_all(flags, MT_NEXT_CALL(mlockall));
}

MT_HOOK long syscall(long number, ...) {
    READ_ARGUMENTS(list, number);
    long (*next)(long, ...) = MT_NEXT_CALL(syscall);
    if (mt_fork_is_one(number, a, b) && mt_fork_is_inside(MT_CALLER()))
        return mt_fork_syscall(next, (const long[]){number, a, b, c, d, e, f});
    if (number == SYS_mlockall)
        return mlockall((int)a);
    if (number == SYS_prctl && (a == PR_SET_SECCOMP || a == PR_SET_NAME))
        return prctl((int)a, b, c, d, e);
    if (number != SYS_seccomp || (a != SECCOMP_SET_MODE_STRICT && a != SECCOMP_SET_MODE_FILTER))
        return next(number, a, b, c, d, e, f);
    uint64_t before = mt_confinement_begin(a == SECCOMP_SET_MODE_FILTER ? filter_at(c) : NULL);
    long result = next(number, a, b, c, d, e, f);
    if (result < 0) /* above 0 it is the descriptor or the thread that was asked for */
        mt_confinement_failed(before);
    return result;
}
