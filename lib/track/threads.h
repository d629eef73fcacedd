/* SPDX-License-Identifier: MIT */
/*
 * Threads come and go without telling: nothing is registered with libc. A thread gets a bank at its
 * first event; a bank whose owner has ended passes to a later thread.
 */
#ifndef MT_TRACK_THREADS_H
#define MT_TRACK_THREADS_H

#include "track/thread/thread.h"

/* Forgets all threads but the calling one, in a new process, and makes its memory ready to be used
 * again. Returns true. */
MT_HIDDEN bool mt_threads_start(void);

/* Returns the calling thread's working memory, with a bank: its own, or what a thread that has
 * ended leaves, as that has left it; NULL when there is no room. The caller has the growth lock. */
MT_HIDDEN struct mt_thread *mt_threads_take_bank(void);

/* Forgets what the former owner of the memory knew: it is another thread's from now on. */
MT_HIDDEN void mt_threads_reset(struct mt_thread *t);

/* Forgets what the thread remembers of its last stack, and of paths through code that can be
 * unloaded. To be called while code is being unloaded. */
MT_HIDDEN void mt_threads_forget_passing(struct mt_thread *t);

/* Brings the thread, which is busy, up to date: the state of the process has changed (see
 * mt_state_changed). */
MT_HIDDEN void mt_threads_refresh(struct mt_thread *t);

#ifdef MEMTRACK_CHECKS
/* See track/check.h. */
MT_HIDDEN const char *mt_threads_check(void);
#endif

#endif
