/* SPDX-License-Identifier: MIT */
/* Forks by the function syscall: see fork.c. */
#ifndef MT_INTERPOSE_FORK_H
#define MT_INTERPOSE_FORK_H

#include <stdbool.h>

/* Tells whether the system call of this number, with these two first arguments, is a fork: it makes
 * a process on the same stack, with memory of its own. */
__attribute__((visibility("hidden"))) bool mt_fork_is_one(long number, long a, long b);

/* Makes that call by next, when a signal handler has interrupted the recorder, and returns what it
 * returns. argument points to the number and what follows it, 7 words. */
__attribute__((visibility("hidden"))) long mt_fork_syscall(long (*next)(long, ...),
                                                           const long *argument);

#endif
