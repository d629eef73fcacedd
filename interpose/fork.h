/* SPDX-License-Identifier: MIT */
/* Forks by the function syscall: see fork.c. */
#ifndef MT_INTERPOSE_FORK_H
#define MT_INTERPOSE_FORK_H

#include <stdbool.h>

/* Whether the system call of this number with these two first arguments is one. */
__attribute__((visibility("hidden"))) bool mt_fork_is_one(long number, long a, long b);

/* Make it, inside of the recorder. argument: the number and what follows it, 7 words. */
__attribute__((visibility("hidden"))) long mt_fork_syscall(long (*next)(long, ...),
                                                           const long *argument);

#endif
