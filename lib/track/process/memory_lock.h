/* SPDX-License-Identifier: MIT */
/* mlockall of a program, without the recorder's memory in it. */
#ifndef MT_TRACK_MEMORY_LOCK_H
#define MT_TRACK_MEMORY_LOCK_H

/* Does what mlockall(flags) does, but for the recorder's memory, and returns the same, with errno
 * as mlockall leaves it. next is the real mlockall. Not to be called inside an event. */
int mt_memory_lock_all(int flags, int (*next)(int)) __attribute__((visibility("hidden")));

#endif
