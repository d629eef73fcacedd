/* SPDX-License-Identifier: MIT */
/* Scopes of a thread, which are a stack. The functions return 0 or -MEMTRACK_E..., as memtrack.h
 * promises. */
#ifndef MT_TRACK_SCOPES_THREAD_H
#define MT_TRACK_SCOPES_THREAD_H

#include "memtrack.h"
#include "track/thread/thread.h"

struct mt_scope_handle;

/* Prepares a thread's memory for another thread, which has no scope yet. */
MT_HIDDEN void mt_scopes_thread_reset(struct mt_thread *t);
/* Gives back the memory of a thread's stack of scopes. */
MT_HIDDEN void mt_scopes_thread_free(struct mt_thread *t);
/* Ends what is open, which nobody else will, and counts it as misuses: the thread has ended, or the
 * process does. */
MT_HIDDEN void mt_scopes_thread_end_all(struct mt_thread *t);
/* Lets scopes that are open measure from zero, as this thread's counters do from now on. */
MT_HIDDEN void mt_scopes_thread_clear(struct mt_thread *t);

/* ---- inside of an event (see track/guard.h) ---- */

/* Begins a scope of a group, 0: the default one. file may be NULL. */
MT_HIDDEN int mt_scopes_thread_begin(struct mt_thread *t, memtrack_scope *scope, const char *name,
                                     mt_name_id group, const char *file, uint32_t line);
/* Says that the scope that h stands for has failed; likewise. why may be NULL. */
MT_HIDDEN void mt_scopes_thread_fail(struct mt_thread *t, struct mt_scope_handle *h,
                                     const char *why);
MT_HIDDEN int mt_scopes_thread_detach(struct mt_thread *t, memtrack_scope *scope);
MT_HIDDEN int mt_scopes_thread_attach(struct mt_thread *t, memtrack_scope *scope);
/* Forgets what a detached scope has measured before all was cleared. */
MT_HIDDEN void mt_scopes_thread_note_clear(const struct mt_thread *t, struct mt_scope_handle *h);
/* End the innermost scope of t, which is f; and the scope that h stands for. The caller has found it
 * to be open in t, or detached. out may be NULL. */
MT_HIDDEN void mt_scopes_thread_end_innermost(struct mt_thread *t, struct mt_open_scope *f,
                                              memtrack_delta *out);
MT_HIDDEN int mt_scopes_thread_end(struct mt_thread *t, struct mt_scope_handle *h,
                                   memtrack_delta *out);
MT_HIDDEN int mt_scopes_thread_end_detached(struct mt_thread *t, struct mt_scope_handle *h,
                                            memtrack_delta *out);
MT_HIDDEN void mt_scopes_thread_enter_function(struct mt_thread *t, uint64_t address);
MT_HIDDEN void mt_scopes_thread_leave_function(struct mt_thread *t, uint64_t address);

#ifdef MEMTRACK_CHECKS
/* Walks the scopes that t, the calling thread, has open: see track/check.h. */
MT_HIDDEN const char *mt_scopes_thread_check(const struct mt_thread *t);
#endif

#endif
