/* SPDX-License-Identifier: MIT */
/*
 * Scopes: what a thread, or the process, allocates and frees between two points of the program. See
 * memtrack.h for what the functions promise; they return 0 or -MEMTRACK_E....
 */
#ifndef MT_TRACK_SCOPES_H
#define MT_TRACK_SCOPES_H

#include "memtrack.h"
#include "track/ground/state.h"

/* In a new process. */
MT_HIDDEN bool mt_scopes_start(void);
/* A thread's memory goes to another thread, which has no scope yet, or away. */
MT_HIDDEN void mt_scopes_thread_reset(struct mt_thread *t);
MT_HIDDEN void mt_scopes_thread_free(struct mt_thread *t);
/* Nobody will end what is open: the thread has ended, or the process does. Counted as errors. */
MT_HIDDEN void mt_scopes_thread_end_all(struct mt_thread *t);
/* The same for the scopes of the process. */
MT_HIDDEN void mt_scopes_process_end_all(struct mt_thread *t);

/* ---- news from the counters: for the peaks of scopes ---- */

/* A second thread comes; first, which is not inside an event, has been alone. */
MT_HIDDEN void mt_scopes_process_begin_sharing(const struct mt_thread *first);
/* The process's current bytes have been published, with several threads. */
MT_HIDDEN void mt_scopes_process_note_current(int64_t current);
/* The counters of this thread have been set to zero: scopes that are open measure from there. */
MT_HIDDEN void mt_scopes_thread_clear(struct mt_thread *t);
/* The counters of all threads count as zero from now on: the same for the scopes of the process,
 * which nobody begins or ends meanwhile: they are locked. False: the lock could not be had. */
MT_HIDDEN bool mt_scopes_process_lock(void);
MT_HIDDEN void mt_scopes_process_clear(void);
MT_HIDDEN void mt_scopes_process_unlock(void);

/* ---- the functions, inside of an event (see track/guard.h) ---- */

/* One that measures nothing, and may be ended: what every scope is until it has begun. Outside of
 * events as well. */
MT_HIDDEN void mt_scopes_make_inert(memtrack_scope *scope);
MT_HIDDEN int mt_scopes_thread_begin(struct mt_thread *t, memtrack_scope *scope, const char *name);
MT_HIDDEN int mt_scopes_process_begin(struct mt_thread *t, memtrack_scope *scope, const char *name);
MT_HIDDEN int mt_scopes_end(struct mt_thread *t, memtrack_scope *scope,
                            memtrack_delta *out); /* out may be NULL */
MT_HIDDEN int mt_scopes_thread_detach(struct mt_thread *t, memtrack_scope *scope);
MT_HIDDEN int mt_scopes_thread_attach(struct mt_thread *t, memtrack_scope *scope);
MT_HIDDEN int mt_scopes_set(struct mt_thread *t, const memtrack_scope *scope, const char *key,
                            const char *value);
MT_HIDDEN void mt_scopes_thread_enter_function(struct mt_thread *t, uint64_t address);
MT_HIDDEN void mt_scopes_thread_leave_function(struct mt_thread *t, uint64_t address);

#endif
