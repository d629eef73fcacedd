/* SPDX-License-Identifier: MIT */
/*
 * What all scopes of a record come to when one in N was measured. The sums are those of the measured
 * ones, so they are multiplied by how many there were for each of these; but for the scopes that
 * were measured in any case, which stand for themselves: the first call of a function that fills a
 * cache says nothing of the others.
 *
 *     all  =  sure  +  (measured - sure) * (count - sure count) / (measured count - sure count)
 *
 * The same for the squares, whose share of the sure ones is that of their mean. Scopes that all
 * have the same value come to exactly their sum.
 *
 * What a scope did by itself is what it measured less those inside of it that were measured, each as
 * often as it stands for others. The difference may be below zero where what it stands for cannot be.
 * Records are added up before it is cut off, so that their errors go up and down against each other.
 *
 * Rejected: multiplying by N, which is off by as much as the number that happened to be measured
 * differs from 1 in N, so that the mean of three scopes could exceed the largest.
 */
#ifndef MT_LEDGER_ESTIMATE_H
#define MT_LEDGER_ESTIMATE_H

#include <stdbool.h>
#include <stdint.h>

#include "ledger/scopes.h"

/* How the scopes of a record, or its outermost ones alone, are divided. */
struct mt_estimate {
    uint64_t sure;
    double factor; /* for what is not sure */
    bool has_rest; /* scopes that are not sure were measured */
};

static inline struct mt_estimate mt_estimate_of(uint64_t count, uint64_t unmeasured,
                                                uint64_t sure) {
    /* A record that is damaged, or that changes, does not belong together. */
    uint64_t rest = count > sure ? count - sure : 0,
             measured = rest > unmeasured ? rest - unmeasured : 0;
    if (measured != 0)
        return (struct mt_estimate){sure, (double)rest / (double)measured, true};
    return (struct mt_estimate){sure, sure != 0 ? (double)count / (double)sure : 1, false};
}

static inline int64_t mt_estimate_round(double value) {
    if (value >= 9.2e18 || value <= -9.2e18)
        return value < 0 ? INT64_MIN : INT64_MAX;
    return (int64_t)(value < 0 ? value - 0.5 : value + 0.5);
}

static inline int64_t mt_estimate_sum(const struct mt_estimate *e, int64_t all, int64_t sure) {
    if (!e->has_rest)
        return mt_estimate_round((double)all * e->factor);
    int64_t rest = mt_estimate_round(((double)all - (double)sure) * e->factor);
    return mt_estimate_round((double)sure + (double)rest);
}

static inline void mt_estimate_squares(const struct mt_estimate *e, struct mt_scope_sums *s,
                                       int64_t sure_sum) {
    const double word = 18446744073709551616.0, most = 18446744073709549568.0;
    double squares = (double)s->square_high * word + (double)s->square_low, sure = 0;
    if (e->has_rest && e->sure != 0)
        sure = (double)sure_sum * (double)sure_sum / (double)e->sure;
    double rest = squares > sure ? squares - sure : 0, all = sure + rest * e->factor;
    uint64_t high = all < 1.7e38 ? (uint64_t)(all / word) : UINT64_MAX >> 1;
    double low = all - (double)high * word;
    s->square_high = high;
    s->square_low = low > 0 && low <= most ? (uint64_t)low : 0;
}

/* Returns what a row shows of the sum of its records' own values. */
static inline int64_t mt_estimate_own(int value, int64_t own) {
    return own < 0 && value != MT_SCOPE_NET_BYTES ? 0 : own;
}

/* Makes the sums of a copy of a record what all of its scopes are estimated to come to. One whose
 * scopes were all measured stays as it is. */
static inline void mt_estimate_totals(struct mt_scope_totals *t) {
    const struct mt_scope_sure *sure = &t->sure;
    if (t->unmeasured == 0)
        return;
    struct mt_estimate all = mt_estimate_of(t->count, t->unmeasured, sure->count),
                       outermost = mt_estimate_of(t->count - t->recursive,
                                                  t->unmeasured - t->unmeasured_recursive,
                                                  sure->count - sure->recursive);
    for (int v = 0; v < MT_N_SCOPE_VALUES; v++) {
        struct mt_scope_sums *s = &t->value[v];
        mt_estimate_squares(&outermost, s, sure->sum[v]);
        s->sum = mt_estimate_sum(&outermost, s->sum, sure->sum[v]);
        s->own = mt_estimate_sum(&all, s->own, sure->own[v]);
    }
}

#endif
