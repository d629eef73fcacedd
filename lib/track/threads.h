/* SPDX-License-Identifier: MIT */
/*
 * Threads come and go without telling: nothing is registered with libc. A thread gets a bank at its
 * first event; a bank whose owner has ended passes to a later thread.
 */
#ifndef MT_TRACK_THREADS_H
#define MT_TRACK_THREADS_H

#include "track/ground/state.h"

/* In a new process: keep only the calling thread's memory, for it to be used again. */
MT_HIDDEN bool mt_threads_start(void);

/* The calling thread's working memory, with a bank. NULL: no room. Sets mt_self. */
MT_HIDDEN struct mt_thread *mt_threads_register(const struct mt_hook_frame *frame);

/* Other memory for the calling thread, as if it were a new one: t is busy with an event that may be
 * gone on with. */
MT_HIDDEN struct mt_thread *mt_threads_replace(struct mt_thread *t,
                                               const struct mt_hook_frame *frame);

/* The frame in which the calling thread has entered the recorder and is still there; 0: it is not
 * inside. */
MT_HIDDEN uint64_t mt_thread_inside(void);

/* id lies below header.n_banks. */
MT_HIDDEN struct mt_bank *mt_banks_at(mt_bank_id id);

/* live_bytes has left [low, high]: publish it, notice a new peak, set a new window. */
MT_HIDDEN void mt_scopes_process_publish(struct mt_thread *t);

/* Let the peak be what is live now. */
MT_HIDDEN void mt_count_reset_peak(struct mt_thread *t);

/* Code is being unloaded: forget what the thread remembers of its last stack, and of paths through
 * such code. */
MT_HIDDEN void mt_threads_forget_passing(struct mt_thread *t);

/* The state of the process has changed (see mt_state_changed): bring the thread, which is busy,
 * up to date. */
MT_HIDDEN void mt_threads_refresh(struct mt_thread *t);

/* The barrier that a second thread needs may not be issued: behave from now on as if it had come.
 * While no other thread records. */
MT_HIDDEN void mt_state_share_early(void);

#endif
