/* SPDX-License-Identifier: MIT */
/*
 * One scope in several is measured, and the others are only counted (MEMTRACK_SCOPE_SAMPLE), in a
 * process that is not recorded: which of them are, and what all of them come to. A part of
 * memtrack/timers.h.
 *
 * It is as in a process that is recorded. Each scope is measured with the same probability, whatever
 * happened to the others, so that those inside of one that is measured stand for all inside of it.
 * The first of a name in a thread is measured in any case, and stands for itself: it may be like no
 * other. Scopes of the process, and times that are given, are sure in that way, too.
 */
#ifndef MEMTRACK_LOCAL_SAMPLE_H
#define MEMTRACK_LOCAL_SAMPLE_H

#include "memtrack/local_records.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- which are measured ---------------------------------------------------------------------- */

/* xorshift64*: Vigna, "An experimental exploration of Marsaglia's xorshift generators, scrambled",
 * 2016. */
MEMTRACK_SYSTEM_FUNCTION_ uint64_t memtrack_local_random_(struct memtrack_local_thread_ *t) {
    uint64_t x = t->random;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    t->random = x;
    return x * UINT64_C(2685821657736338717);
}

/* Returns how many scopes the next one of a record stands for; 0: it is only counted. */
MEMTRACK_SYSTEM_FUNCTION_ uint32_t memtrack_local_choose_(struct memtrack_local_thread_ *t,
                                                          struct memtrack_local_record_ *r) {
    uint32_t one_in = t->process->one_in;
    if (__builtin_expect(one_in <= 1, 1))
        return 1;
    memtrack_local_renew_(t, r);
    if (!r->has_first) {
        r->has_first = 1;
        return 1;
    }
    return memtrack_local_random_(t) <= UINT64_MAX / one_in ? one_in : 0;
}

/* Lets the scope around f know what f, which is taken away, took inside of it. What was measured
 * before f was attached does not lie there. */
MEMTRACK_SYSTEM_FUNCTION_ void memtrack_local_subtract_(const struct memtrack_local_thread_ *t,
                                                        struct memtrack_local_frame_ *f,
                                                        int64_t duration_ns) {
    if (t->depth)
        f[-1].inner_ns =
            (int64_t)((uint64_t)f[-1].inner_ns + (uint64_t)(duration_ns - f->taken_ns) * f->weight);
}

/* ---- what all of them come to ---------------------------------------------------------------- */

/* How the scopes of a record, or its outermost ones alone, are divided. */
struct memtrack_local_estimate_ {
    uint64_t sure;
    double factor; /* for what is not sure */
    int has_rest;  /* scopes that are not sure were measured */
};

/* A record may change meanwhile, so that its counts do not belong together. */
MEMTRACK_SYSTEM_FUNCTION_ struct memtrack_local_estimate_
memtrack_local_estimate_of_(uint64_t count, uint64_t unmeasured, uint64_t sure) {
    struct memtrack_local_estimate_ e = {sure, 1, 0};
    uint64_t rest = count > sure ? count - sure : 0,
             measured = rest > unmeasured ? rest - unmeasured : 0;
    e.has_rest = measured != 0;
    if (measured)
        e.factor = (double)rest / (double)measured;
    else if (sure)
        e.factor = (double)count / (double)sure;
    return e;
}

MEMTRACK_SYSTEM_FUNCTION_ int64_t memtrack_local_round_(double value) {
    if (value >= 9.2e18 || value <= -9.2e18)
        return value < 0 ? INT64_MIN : INT64_MAX;
    return (int64_t)(value < 0 ? value - 0.5 : value + 0.5);
}

MEMTRACK_SYSTEM_FUNCTION_ int64_t
memtrack_local_estimated_(const struct memtrack_local_estimate_ *e, int64_t all, int64_t sure) {
    if (!e->has_rest)
        return memtrack_local_round_((double)all * e->factor);
    return memtrack_local_round_(
        (double)sure + (double)memtrack_local_round_(((double)all - (double)sure) * e->factor));
}

/* The share of the sure ones in the squares is that of their mean. */
MEMTRACK_SYSTEM_FUNCTION_ void
memtrack_local_estimate_squares_(const struct memtrack_local_estimate_ *e,
                                 struct memtrack_local_sums_ *s, int64_t sure_sum) {
    const double word = 18446744073709551616.0, most = 18446744073709549568.0;
    double squares = (double)s->high * word + (double)s->low, sure = 0, rest, all, low;
    if (e->has_rest && e->sure)
        sure = (double)sure_sum * (double)sure_sum / (double)e->sure;
    rest = squares > sure ? squares - sure : 0;
    all = sure + rest * e->factor;
    s->high = all < 1.7e38 ? (uint64_t)(all / word) : UINT64_MAX >> 1;
    low = all - (double)s->high * word;
    s->low = low > 0 && low <= most ? (uint64_t)low : 0;
}

/* Makes copies of a record's sums what all of its scopes are estimated to come to:
 *
 *     all  =  sure  +  (measured - sure) * (count - sure count) / (measured count - sure count)
 */
MEMTRACK_LOCAL_ void memtrack_local_estimate_times_(const struct memtrack_local_record_ *r,
                                                    struct memtrack_local_sums_ *value,
                                                    int64_t *own_ns);
MEMTRACK_LOCAL_ void memtrack_local_estimate_times_(const struct memtrack_local_record_ *r,
                                                    struct memtrack_local_sums_ *value,
                                                    int64_t *own_ns) {
    uint64_t count = MEMTRACK_LOCAL_GET_(r->count), sure = MEMTRACK_LOCAL_GET_(r->sure.count),
             unmeasured = MEMTRACK_LOCAL_GET_(r->unmeasured);
    struct memtrack_local_estimate_ all = memtrack_local_estimate_of_(count, unmeasured, sure),
                                    outermost;
    outermost =
        memtrack_local_estimate_of_(count - MEMTRACK_LOCAL_GET_(r->recursive),
                                    unmeasured - MEMTRACK_LOCAL_GET_(r->unmeasured_recursive),
                                    sure - MEMTRACK_LOCAL_GET_(r->sure.recursive));
    *own_ns = memtrack_local_estimated_(&all, *own_ns, MEMTRACK_LOCAL_GET_(r->sure.own_ns));
    for (int i = 0; i < MEMTRACK_LOCAL_VALUES_; i++) {
        int64_t sure_sum = MEMTRACK_LOCAL_GET_(r->sure.sum[i]);
        memtrack_local_estimate_squares_(&outermost, &value[i], sure_sum);
        value[i].sum = memtrack_local_estimated_(&outermost, value[i].sum, sure_sum);
    }
}

#ifdef __cplusplus
}
#endif

#endif
