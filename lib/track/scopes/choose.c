/* SPDX-License-Identifier: MIT */
/*
 * Each scope is measured with probability 1/N, whatever happened to the others, but the first one of
 * its record always is. That they are independent is what makes SELF right: an inner scope counts N
 * times in a scope around it that is measured, and with probability 1/N, so that it is expected to
 * count once. Were one chosen in every stretch of N scopes of a name, a function that calls itself
 * would hardly ever be measured together with the call inside of it.
 * How many scopes come before the next one that is measured is drawn at once, from the geometric
 * distribution: that is the same, and most scopes only count down. The numbers are SplitMix64 (Steele,
 * Lea, Flood: "Fast splittable pseudorandom number generators", 2014) from a seed that a run has
 * again, so that its choices can be had again, too.
 */
#include "track/scopes/choose.h"

#include "track/ground/logarithm.h"
#include "track/ground/state.h"
#include "track/scopes/totals.h"

static uint64_t next_random(struct mt_thread *t) {
    if (t->scopes.random == 0)
        t->scopes.random = (uint64_t)t->bank_id << 32 | t->bank->n_threads;
    uint64_t x = t->scopes.random += UINT64_C(0x9E3779B97F4A7C15);
    x = (x ^ x >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ x >> 27) * UINT64_C(0x94D049BB133111EB);
    return x ^ x >> 31;
}

/* Returns when the next scope is measured, 1 for the very next: more than n are not with probability
 * (1 - 1 / one_in)^n. */
static uint64_t draw(struct mt_thread *t, uint64_t one_in) {
    double n = mt_logarithm_of_random(next_random(t)) / mt_logarithm(1 - 1 / (double)one_in);
    return 1 + (uint64_t)n;
}

/* Tells whether the next scope of a record is its first. What was forgotten is not in it any more
 * from then on, and not only from that scope's end. */
static bool is_first(const struct mt_thread *t, struct mt_scope_totals *r) {
    if (r->epoch != mt_load_part(&t->control->scopes_epoch))
        mt_scopes_totals_renew(t, r);
    bool is_it = !r->has_first;
    r->has_first = 1;
    return is_it;
}

uint64_t mt_scopes_choose(struct mt_thread *t, struct mt_scope_totals *r) {
    uint64_t one_in = mt_state.options.scope_sample;
    if (one_in <= 1 || r == NULL || is_first(t, r))
        return 1;
    if (t->scopes.until == 0)
        t->scopes.until = draw(t, one_in);
    count_down(t);
    return t->scopes.until == 0 ? one_in : 0;
}
