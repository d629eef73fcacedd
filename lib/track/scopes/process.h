/* SPDX-License-Identifier: MIT */
/*
 * Scopes of the whole process, and what becomes of the news that they are told of. The functions
 * return 0 or -MEMTRACK_E..., as memtrack.h promises.
 */
#ifndef MT_TRACK_SCOPES_PROCESS_H
#define MT_TRACK_SCOPES_PROCESS_H

#include "memtrack.h"
#include "track/thread/thread.h"

struct mt_scope_handle;

/* In a new process. */
MT_HIDDEN void mt_scopes_process_start(void);

/* ---- inside of an event (see track/guard.h); the lock is not taken ---- */

MT_HIDDEN int mt_scopes_process_begin(struct mt_thread *t, memtrack_scope *scope, const char *name);
/* h has been found to be one of the process; out may be NULL. */
MT_HIDDEN int mt_scopes_process_end(struct mt_thread *t, struct mt_scope_handle *h,
                                    memtrack_delta *out);
/* Nobody will end what is open: the process ends. Counted as errors. */
MT_HIDDEN void mt_scopes_process_end_all(struct mt_thread *t);

/* ---- news from the counters, for the peaks of scopes ---- */

/* The thread's live_bytes have left [low, high], or are asked for: publish them
 * (track/thread/peak.h). */
MT_HIDDEN void mt_scopes_process_publish(struct mt_thread *t);
/* A second thread comes; first, which is not inside an event, has been alone. */
MT_HIDDEN void mt_scopes_process_begin_sharing(const struct mt_thread *first);
/* The counters of all threads count as zero from now on, and what is open measures from there.
 * Nobody begins or ends one meanwhile: they are locked. False: the lock could not be had. */
MT_HIDDEN bool mt_scopes_process_lock(void);
MT_HIDDEN void mt_scopes_process_clear(void);
MT_HIDDEN void mt_scopes_process_unlock(void);

#endif
