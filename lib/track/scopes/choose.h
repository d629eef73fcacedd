/* SPDX-License-Identifier: MIT */
/*
 * Each scope is measured with probability 1/N, whatever happened to the others, but the first one of
 * its record always is. That they are independent is what makes SELF right: an inner scope counts N
 * times in a scope around it that is measured, and with probability 1/N, so that it is expected to
 * count once. Were one chosen in every stretch of N scopes of a name, a function that calls itself
 * would hardly ever be measured together with the call inside of it.
 *
 * The numbers are SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators",
 * 2014) from a seed that a run has again, so that its choices can be had again, too.
 */
#ifndef MT_TRACK_CHOOSE_H
#define MT_TRACK_CHOOSE_H

#include "base/atomic.h"
#include "track/ground/state.h"
#include "track/scopes/totals.h"
#include "track/thread/thread.h"

static inline uint64_t next_random(struct mt_thread *t) {
    if (t->scopes.random == 0)
        t->scopes.random = (uint64_t)t->bank_id << 32 | t->bank->n_threads;
    uint64_t x = t->scopes.random += UINT64_C(0x9E3779B97F4A7C15);
    x = (x ^ x >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ x >> 27) * UINT64_C(0x94D049BB133111EB);
    return x ^ x >> 31;
}

/* Tells whether the next scope of a record is its first. What was forgotten is not in it any more
 * from then on, and not only from that scope's end. */
MT_NOINLINE static bool is_first(const struct mt_thread *t, struct mt_scope_totals *r) {
    if (r->epoch != mt_load_part(&t->control->scopes_epoch))
        mt_scopes_totals_renew(t, r);
    bool is_it = !r->has_first;
    r->has_first = 1;
    return is_it;
}

/* Returns how many scopes the next one of a record stands for, or 0 when it is only counted. */
static inline uint64_t choose(struct mt_thread *t, struct mt_scope_totals *r) {
    uint64_t one_in = mt_state.options.scope_sample;
    if (mt_unlikely(one_in <= 1 || r == NULL))
        return 1;
    bool is_known = r->has_first && r->epoch == mt_load_part(&t->control->scopes_epoch);
    if (mt_unlikely(!is_known) && is_first(t, r))
        return 1;
    return next_random(t) <= mt_state.options.scope_sample_most ? one_in : 0;
}

#endif
