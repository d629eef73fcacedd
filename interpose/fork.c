/* SPDX-License-Identifier: MIT */
/*
 * fork, watched for one case: it is called by a signal handler that has interrupted the recorder
 * (track/fork.c). Children that share their parent's memory (vfork, posix_spawn) share its ledger,
 * and need nothing.
 */
#include "interpose/fork.h"

#include "interpose/hook.h"
#include "track/fork.h"

#include <sched.h>
#include <sys/types.h>

typedef pid_t fork_call(void);

/* Calls the next function. always_inline: that is then what the hook jumps to. */
__attribute__((always_inline)) static inline pid_t fork_by(fork_call *next,
                                                           const struct mt_hook_frame *frame) {
    if (mt_likely(!mt_fork_is_inside(frame)))
        return next();
    struct mt_fork f;
    mt_fork_begin(&f);
    pid_t child = next();
    if (child == 0)
        mt_fork_in_child(&f);
    else
        mt_fork_in_parent(&f);
    return child;
}

#define MT_HOOK_FORK(name)                                                                         \
    MT_HOOK pid_t name(void) {                                                                     \
        return fork_by(MT_NEXT_CALL(name), MT_CALLER());                                           \
    }
#include "interpose/hooks.def"

bool mt_fork_is_one(long number, long a, long b) {
#ifdef SYS_fork
    if (number == SYS_fork)
        return true;
#endif
    if (number == SYS_clone)
        return b == 0 && !(a & CLONE_VM);
#ifdef SYS_clone3
    if (number == SYS_clone3) {
        struct clone_args {
            uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack;
        } arguments;
        return mt_os_copy(&arguments, (const void *)a, sizeof arguments) && arguments.stack == 0 &&
               !(arguments.flags & CLONE_VM);
    }
#endif
    return false;
}

long mt_fork_syscall(long (*next)(long, ...), const long *argument) {
    struct mt_fork f;
    mt_fork_begin(&f);
    long child = next(argument[0], argument[1], argument[2], argument[3], argument[4], argument[5],
                      argument[6]);
    if (child == 0)
        mt_fork_in_child(&f);
    else
        mt_fork_in_parent(&f);
    return child;
}
