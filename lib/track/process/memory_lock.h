/* SPDX-License-Identifier: MIT */
/* mlockall of a program, without the recorder's memory in it. */
#ifndef MT_TRACK_MEMORY_LOCK_H
#define MT_TRACK_MEMORY_LOCK_H

/* What mlockall(flags) returns, with errno as it leaves it. next: the real one. Not inside an
 * event. */
int mt_memory_lock_all(int flags, int (*next)(int)) __attribute__((visibility("hidden")));

#endif
