/* SPDX-License-Identifier: MIT */
/* What scopes of one name come to: sums, maxima and histograms in the ledger, per thread. And the
 * ring of events. */
#ifndef MT_TRACK_TOTALS_H
#define MT_TRACK_TOTALS_H

#include "base/atomic.h"
#include "track/ground/state.h"

struct mt_scope_result {
    mt_name_id name;
    bool is_process, is_error;
    int64_t value[MT_N_SCOPE_VALUES], own[MT_N_SCOPE_VALUES];
};

MT_HIDDEN bool mt_scopes_totals_start(void);
/* Count a scope, or a part of one, that there is no room for. */
MT_HIDDEN void mt_scopes_totals_drop(void);
MT_HIDDEN void mt_scopes_totals_add(struct mt_thread *t, const struct mt_scope_result *result);
/* A thread's scope in which nothing was allocated or freed, and its times; own: without the scopes
 * inside of it. */
MT_HIDDEN void mt_scopes_totals_add_idle(struct mt_thread *t, mt_name_id name, int64_t duration_ns,
                                         int64_t own_ns);

/* number and tid are filled in. Dropped when there is no memory for the ring. */
MT_HIDDEN void mt_scopes_timeline_add(struct mt_thread *t, const struct mt_event *event);
/* The same without a copy: the place to fill in, all but number and tid, before
 * mt_scopes_timeline_done; or NULL. */
MT_HIDDEN struct mt_event *mt_scopes_timeline_next(struct mt_thread *t, uint64_t *number);
static inline void mt_scopes_timeline_done(struct mt_event *event, uint64_t number) {
    mt_store_release(&event->number, number); /* the event is whole */
}

#endif
