/* SPDX-License-Identifier: MIT */
/* How a scope that has ended is added to the record of its name. What every scope passes through is
 * here, as a part of the function that ends it; totals.c has the rest. For this room alone. */
#ifndef MT_TRACK_TOTALS_LOCAL_H
#define MT_TRACK_TOTALS_LOCAL_H

#include "memtrack/histogram.h"
#include "track/scopes/totals.h"

static inline bool is_up_to_date(const struct mt_thread *t, const struct mt_scope_totals *r) {
    return r->epoch == mt_load_part(&t->control->scopes_epoch) &&
           r->last_thread == t->bank->n_threads;
}

static inline void look(const struct mt_thread *t, struct mt_scope_totals *r) {
    if (mt_unlikely(!is_up_to_date(t, r)))
        mt_scopes_totals_renew(t, r);
}

static inline uint64_t *place(uint64_t *table, uint32_t capacity, uint64_t key) {
    uint32_t i = (uint32_t)(((key >> MT_BUCKET_SHIFT) * UINT64_C(0x9E3779B97F4A7C15)) >> 32) &
                 (capacity - 1);
    while (table[i] != 0 && (table[i] ^ key) >> MT_BUCKET_SHIFT != 0)
        i = (i + 1) & (capacity - 1);
    return &table[i];
}

static inline void count(struct mt_scope_totals *r, enum mt_scope_value value, int64_t amount) {
    uint64_t key =
        (uint64_t)value << MT_BUCKET_VALUE_SHIFT | (amount < 0 ? MT_BUCKET_NEGATIVE : 0) |
        (uint64_t)memtrack_histogram_bucket(amount < 0 ? -(uint64_t)amount : (uint64_t)amount)
            << MT_BUCKET_SHIFT;
    uint64_t *table = (uint64_t *)r->histogram, *word = NULL;
    if (mt_likely(table != NULL)) {
        word = &table[r->recent[value]]; /* where another word is, or none, after it has grown */
        if (*word == 0 || (*word ^ key) >> MT_BUCKET_SHIFT != 0)
            word = place(table, r->capacity, key);
    }
    if (mt_unlikely(word == NULL || *word == 0)) {
        if ((word = mt_scopes_totals_new_word(r, key)) == NULL) {
            mt_scopes_totals_drop();
            return;
        }
        table = (uint64_t *)r->histogram;
    }
    ++*word;
    r->recent[value] = (uint16_t)(word - table);
}

static inline void sum_up(struct mt_scope_sums *s, int64_t value) {
    __extension__ typedef unsigned __int128 wide;
    __extension__ typedef __int128 wide_signed;
    wide squares =
        ((wide)s->square_high << 64 | s->square_low) + (wide)((wide_signed)value * value);
    s->square_low = (uint64_t)squares;
    s->square_high = (uint64_t)(squares >> 64);
    if (mt_unlikely(__builtin_add_overflow(s->sum, value, &s->sum)))
        s->sum = value < 0 ? INT64_MIN : INT64_MAX;
    if (value > s->max)
        s->max = value;
    if (value < s->min)
        s->min = value;
}

/* Counts a scope that has nothing but a time. Its other values are zero, which is news only for
 * those whose highest has been below zero, or whose least above. */
static inline void count_idle(struct mt_scope_totals *r) {
    if (mt_likely(r->idle++ != 0))
        return;
    for (int i = 0; i < MT_N_SCOPE_VALUES; i++) {
        struct mt_scope_sums *s = &r->value[i];
        if (i == MT_SCOPE_DURATION_NS)
            continue;
        s->max = s->max > 0 ? s->max : 0;
        s->min = s->min < 0 ? s->min : 0;
    }
}

/* Notes what the process held at both ends of the scope that has ended last. */
static inline void note_latest(struct mt_scope_totals *r, int64_t before, int64_t after,
                               uint64_t end_ns) {
    r->latest_before_bytes = before;
    r->latest_after_bytes = after;
    r->latest_ns = end_ns;
}

/* Adds a scope in which nothing was allocated or freed; NULL: its name had no room. */
static inline __attribute__((always_inline)) void add_idle(struct mt_thread *t,
                                                           struct mt_scope_totals *r,
                                                           const struct mt_open_scope *f,
                                                           int64_t duration_ns) {
    if (mt_unlikely(r == NULL)) {
        mt_scopes_totals_drop();
        return;
    }
    look(t, r);
    struct mt_scope_sums *s = &r->value[MT_SCOPE_DURATION_NS];
    r->count++;
    s->own += duration_ns - f->inner[MT_SCOPE_DURATION_NS];
    if (mt_unlikely(f->is_recursive)) {
        r->recursive++;
        return;
    }
    count_idle(r);
    sum_up(s, duration_ns);
    count(r, MT_SCOPE_DURATION_NS, duration_ns);
    note_latest(r, f->before_bytes, mt_scopes_totals_live(t), f->begin_ns + (uint64_t)duration_ns);
}

static inline void count_unmeasured(struct mt_scope_totals *r, bool is_recursive) {
    r->count++;
    r->unmeasured++;
    if (mt_unlikely(is_recursive)) {
        r->recursive++;
        r->unmeasured_recursive++;
    }
}

/* Adds one that was only counted: nothing but what it was is looked at. It has no result, which
 * would take longer to be made than all of this. */
static inline __attribute__((always_inline)) void add_unmeasured(struct mt_thread *t,
                                                                 struct mt_scope_totals *r,
                                                                 bool is_misuse, bool is_failed,
                                                                 bool is_recursive) {
    if (mt_unlikely(r == NULL)) {
        mt_scopes_totals_drop();
        return;
    }
    if (mt_unlikely(is_failed))
        mt_scopes_totals_look_failed(t, r, 0);
    else
        look(t, r);
    r->errors += is_failed;
    r->misuses += is_misuse;
    count_unmeasured(r, is_recursive);
}

#endif
