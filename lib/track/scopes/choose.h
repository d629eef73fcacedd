/* SPDX-License-Identifier: MIT */
/* Which scopes are measured when one in several is, and which are only counted. */
#ifndef MT_TRACK_CHOOSE_H
#define MT_TRACK_CHOOSE_H

#include "base/atomic.h"
#include "track/thread/thread.h"

/* Returns how many scopes the next one of a record stands for, or 0 when it is only counted. */
MT_HIDDEN uint64_t mt_scopes_choose(struct mt_thread *t, struct mt_scope_totals *r);

/* Tells whether the next scope of a record is only counted and nothing has to be drawn
 * for that. If so, count_down does what mt_scopes_choose would. */
static inline bool is_only_counted(const struct mt_thread *t, const struct mt_scope_totals *r) {
    return t->scopes.until > 1 && r->has_first &&
           r->epoch == mt_load_part(&t->control->scopes_epoch);
}

static inline void count_down(struct mt_thread *t) {
    t->scopes.until--;
}

#endif
