/* SPDX-License-Identifier: MIT */
/* Work that needs a deep stack, wherever memtrack was started. */
#ifndef MT_CLI_RUN_BIG_STACK_H
#define MT_CLI_RUN_BIG_STACK_H

#include <stdbool.h>

/* Calls work(context) on a stack of at least 8 MiB, whatever ulimit -s says, and returns what it
 * returns: libdw's functions call themselves once for each level of a program's blocks, and some
 * keep much on the stack. Where no other stack is to be had, it is called on this one. */
bool mt_big_stack_call(bool (*work)(void *context), void *context);
/* Tells whether the stack that we have is smaller than that. */
bool mt_big_stack_is_needed(void);

#endif
