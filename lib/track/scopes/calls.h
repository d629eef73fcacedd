/* SPDX-License-Identifier: MIT */
/* Which function called which (-finstrument-functions): a tree of calls per thread, in the ledger.
 * All of it is done inside of an event of the thread, t. */
#ifndef MT_TRACK_CALLS_H
#define MT_TRACK_CALLS_H

#include "track/scopes/open.h"
#include "track/scopes/totals.h"

/* Forgets all calls, in a new process. Returns false when there is no memory. */
MT_HIDDEN bool mt_scopes_calls_start(void);
/* Returns the node of a call of the function with this name by the one of node caller (0: nothing
 * that is known), which is made if there is none; 0 when there is no room. */
MT_HIDDEN uint32_t mt_scopes_calls_enter(struct mt_thread *t, uint32_t caller, mt_name_id name);
/* Add the call of a function's scope, f, that ends, and stands for so many. */
MT_HIDDEN void mt_scopes_calls_add(struct mt_thread *t, const struct mt_open_scope *f,
                                   const struct mt_scope_result *result, uint64_t weight);
/* The same when it was only counted. */
MT_HIDDEN void mt_scopes_calls_add_unmeasured(struct mt_thread *t, const struct mt_open_scope *f);
/* The same when nothing was allocated or freed in it. */
MT_HIDDEN void mt_scopes_calls_add_idle(struct mt_thread *t, const struct mt_open_scope *f,
                                        int64_t duration_ns);

#ifdef MEMTRACK_CHECKS
/* See track/check.h. */
MT_HIDDEN const char *mt_scopes_calls_check(void);
#endif

#endif
