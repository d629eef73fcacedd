/* SPDX-License-Identifier: MIT */
/* Scopes of a thread: a stack. The functions return 0 or -MEMTRACK_E..., as memtrack.h promises. */
#ifndef MT_TRACK_SCOPES_THREAD_H
#define MT_TRACK_SCOPES_THREAD_H

#include "memtrack.h"
#include "track/thread/thread.h"

struct mt_scope_handle;

/* A thread's memory goes to another thread, which has no scope yet, or away. */
MT_HIDDEN void mt_scopes_thread_reset(struct mt_thread *t);
MT_HIDDEN void mt_scopes_thread_free(struct mt_thread *t);
/* Nobody will end what is open: the thread has ended, or the process does. Counted as errors. */
MT_HIDDEN void mt_scopes_thread_end_all(struct mt_thread *t);
/* The counters of this thread have been set to zero: scopes that are open measure from there. */
MT_HIDDEN void mt_scopes_thread_clear(struct mt_thread *t);

/* ---- inside of an event (see track/guard.h) ---- */

MT_HIDDEN int mt_scopes_thread_begin(struct mt_thread *t, memtrack_scope *scope, const char *name);
MT_HIDDEN int mt_scopes_thread_detach(struct mt_thread *t, memtrack_scope *scope);
MT_HIDDEN int mt_scopes_thread_attach(struct mt_thread *t, memtrack_scope *scope);
/* h has been found to be open in t, or detached. The handle says afterwards that it has ended. out
 * may be NULL. */
MT_HIDDEN int mt_scopes_thread_end(struct mt_thread *t, struct mt_scope_handle *h,
                                   memtrack_delta *out);
MT_HIDDEN int mt_scopes_thread_end_detached(struct mt_thread *t, struct mt_scope_handle *h,
                                            memtrack_delta *out);
MT_HIDDEN void mt_scopes_thread_enter_function(struct mt_thread *t, uint64_t address);
MT_HIDDEN void mt_scopes_thread_leave_function(struct mt_thread *t, uint64_t address);

#ifdef MEMTRACK_CHECKS
/* See track/check.h. Those that t, the calling thread, has open. */
MT_HIDDEN const char *mt_scopes_thread_check(const struct mt_thread *t);
#endif

#endif
