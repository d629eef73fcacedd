/* SPDX-License-Identifier: MIT */
/*
 * Scopes: what a thread (thread.h), or the process (process.h), allocates and frees between two
 * points of the program. See memtrack.h for what the functions promise; they return 0 or
 * -MEMTRACK_E....
 */
#ifndef MT_TRACK_SCOPES_H
#define MT_TRACK_SCOPES_H

#include "memtrack.h"
#include "track/thread/thread.h"

/* Forgets all scopes, in a new process. Returns false when there is no memory. */
MT_HIDDEN bool mt_scopes_start(void);

/* Makes a scope one that measures nothing, and may be ended, as every scope is until it has begun.
 * May be called outside of events as well. */
MT_HIDDEN void mt_scopes_make_inert(memtrack_scope *scope);

/* ---- inside of an event (see track/guard.h); of either kind ---- */

/* Ends a scope. out may be NULL. */
MT_HIDDEN int mt_scopes_end(struct mt_thread *t, memtrack_scope *scope, memtrack_delta *out);
/* Says that it has failed. why may be NULL. */
MT_HIDDEN int mt_scopes_fail(struct mt_thread *t, memtrack_scope *scope, const char *why);
/* Adds a time that was measured elsewhere; below 2^51 ns. */
MT_HIDDEN int mt_scopes_record(struct mt_thread *t, const char *name, mt_name_id group,
                               uint64_t duration_ns);
MT_HIDDEN int mt_scopes_set(struct mt_thread *t, const memtrack_scope *scope, const char *key,
                            const char *value);

#endif
