/* SPDX-License-Identifier: MIT */
/* What scopes of one name come to: sums, maxima and histograms in the ledger, per thread. */
#ifndef MT_TRACK_TOTALS_H
#define MT_TRACK_TOTALS_H

#include "base/atomic.h"
#include "track/thread/thread.h"

struct mt_scope_result {
    mt_name_id name;
    bool is_process, is_error;
    int64_t value[MT_N_SCOPE_VALUES], own[MT_N_SCOPE_VALUES];
};

/* Forgets all totals, in a new process. Returns false when there is no memory. */
MT_HIDDEN bool mt_scopes_totals_start(void);
/* Forgets what a thread remembers of totals, which may not be so any more. */
MT_HIDDEN void mt_scopes_totals_forget(struct mt_totals_part *part);
/* Counts a scope, or a part of one, that there is no room for. */
MT_HIDDEN void mt_scopes_totals_drop(void);
/* Adds a scope that has ended. */
MT_HIDDEN void mt_scopes_totals_add(struct mt_thread *t, const struct mt_scope_result *result);
/* Adds a thread's scope in which nothing was allocated or freed, and its times, of which own_ns is
 * without the scopes inside of it. */
MT_HIDDEN void mt_scopes_totals_add_idle(struct mt_thread *t, mt_name_id name, int64_t duration_ns,
                                         int64_t own_ns);

#ifdef MEMTRACK_CHECKS
/* See track/check.h. */
MT_HIDDEN const char *mt_scopes_totals_check(bool alone);
#endif

#endif
