/* SPDX-License-Identifier: MIT */
/*
 * Scopes of the whole process, and what they are told of its current bytes. The functions return 0
 * or -MEMTRACK_E..., as memtrack.h promises.
 */
#ifndef MT_TRACK_SCOPES_PROCESS_H
#define MT_TRACK_SCOPES_PROCESS_H

#include "memtrack.h"
#include "track/thread/thread.h"

struct mt_scope_handle;

/* Forgets all scopes of the process, in a new process. */
MT_HIDDEN void mt_scopes_process_start(void);

/* ---- inside of an event (see track/guard.h); the lock is not taken ---- */

MT_HIDDEN int mt_scopes_process_begin(struct mt_thread *t, memtrack_scope *scope, const char *name,
                                      const char *file, uint32_t line);
/* Ends the scope that h stands for, which the caller has found to be one of the process. out may be
 * NULL. */
MT_HIDDEN int mt_scopes_process_end(struct mt_thread *t, struct mt_scope_handle *h,
                                    memtrack_delta *out);
/* Says that it has failed; why may be NULL. */
MT_HIDDEN int mt_scopes_process_fail(struct mt_thread *t, const struct mt_scope_handle *h,
                                     const char *why);
/* Ends what is open, which nobody else will, and counts it as misuses: the process ends. */
MT_HIDDEN void mt_scopes_process_end_all(struct mt_thread *t);

/* ---- news from the counters, for the peaks of scopes ---- */

/* Publishes the thread's live bytes (track/thread/peak.h). To be called when they have left
 * [low, high], or are asked for. */
MT_HIDDEN void mt_scopes_process_publish(struct mt_thread *t);
/* Is told that a second thread comes; first, which is not inside an event, has been alone. */
MT_HIDDEN void mt_scopes_process_begin_sharing(const struct mt_thread *first);
/* Keeps other threads from beginning or ending a scope of the process. Returns false when the lock
 * could not be had. */
MT_HIDDEN bool mt_scopes_process_lock(void);
/* Lets the scopes that are open measure from zero, since the counters of all threads count as zero
 * from now on. The caller has the lock. */
MT_HIDDEN void mt_scopes_process_clear(void);
MT_HIDDEN void mt_scopes_process_unlock(void);

#endif
