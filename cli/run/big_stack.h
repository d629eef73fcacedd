/* SPDX-License-Identifier: MIT */
/* Work that needs a deep stack, wherever memtrack was started. */
#ifndef MT_CLI_RUN_BIG_STACK_H
#define MT_CLI_RUN_BIG_STACK_H

#include <stdbool.h>

/* work(context) on a stack of at least 8 MiB, whatever ulimit -s says: libdw's functions call
 * themselves once for each level of a program's blocks, and some keep much on the stack. On this
 * one where no other is to be had. */
bool mt_big_stack_call(bool (*work)(void *context), void *context);
/* Is the stack that we have smaller than that? */
bool mt_big_stack_is_needed(void);

#endif
