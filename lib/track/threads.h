/* SPDX-License-Identifier: MIT */
/*
 * Threads come and go without telling: nothing is registered with libc. A thread gets a bank at its
 * first event; a bank whose owner has ended passes to a later thread.
 */
#ifndef MT_TRACK_THREADS_H
#define MT_TRACK_THREADS_H

#include "track/thread/thread.h"

/* In a new process: keep only the calling thread's memory, for it to be used again. */
MT_HIDDEN bool mt_threads_start(void);

/* The calling thread's working memory, with a bank: its own, or what a thread that has ended
 * leaves, as that has left it. NULL: no room. Under the growth lock. */
MT_HIDDEN struct mt_thread *mt_threads_take_bank(void);

/* It is another thread's memory from now on: forget what the former one knew. */
MT_HIDDEN void mt_threads_reset(struct mt_thread *t);

/* Code is being unloaded: forget what the thread remembers of its last stack, and of paths through
 * such code. */
MT_HIDDEN void mt_threads_forget_passing(struct mt_thread *t);

/* The state of the process has changed (see mt_state_changed): bring the thread, which is busy,
 * up to date. */
MT_HIDDEN void mt_threads_refresh(struct mt_thread *t);

#ifdef MEMTRACK_CHECKS
/* See track/check.h. */
MT_HIDDEN const char *mt_threads_check(void);
#endif

#endif
