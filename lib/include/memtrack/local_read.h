/* SPDX-License-Identifier: MIT */
/*
 * Reading and forgetting what scopes of a process that is not recorded come to, in groups, and the
 * longest of the latest ones. A part of memtrack/timers.h.
 *
 * A row is what all threads' records of a key come to. Threads write meanwhile: each figure is as of
 * some moment of the call.
 */
#ifndef MEMTRACK_LOCAL_READ_H
#define MEMTRACK_LOCAL_READ_H

#include "memtrack/local_merge.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Room to add up the records of a key. */
struct memtrack_local_whole_ {
    uint64_t counts[MEMTRACK_LOCAL_VALUES_][MEMTRACK_HISTOGRAM_BUCKETS_];
    struct memtrack_local_sums_ value[MEMTRACK_LOCAL_VALUES_];
    uint64_t error_ns;
};

/* ---- adding up ------------------------------------------------------------------------------- */

MEMTRACK_SYSTEM_FUNCTION_ void memtrack_local_add_words_(struct memtrack_local_whole_ *w,
                                                         struct memtrack_local_table_ *table) {
    for (uint32_t i = 0; table && i < table->capacity; i++) {
        uint64_t word = MEMTRACK_LOCAL_GET_(memtrack_local_words_(table)[i]);
        if (word)
            w->counts[(word >> 60) - 1][word >> 48 & 0x7ff] += word & 0xffffffffffff;
    }
}

MEMTRACK_SYSTEM_FUNCTION_ void memtrack_local_copy_sums_(struct memtrack_local_sums_ *to,
                                                         const struct memtrack_local_sums_ *from) {
    to->sum = MEMTRACK_LOCAL_GET_(from->sum);
    to->max = MEMTRACK_LOCAL_GET_(from->max);
    to->min = MEMTRACK_LOCAL_GET_(from->min);
    to->low = MEMTRACK_LOCAL_GET_(from->low);
    to->high = MEMTRACK_LOCAL_GET_(from->high);
}

MEMTRACK_SYSTEM_FUNCTION_ void memtrack_local_add_sums_(struct memtrack_local_sums_ *to,
                                                        const struct memtrack_local_sums_ *from) {
    to->sum = to->sum > INT64_MAX - from->sum ? INT64_MAX : to->sum + from->sum;
    to->low += from->low;
    to->high += from->high + (to->low < from->low);
    to->max = from->max > to->max ? from->max : to->max;
    to->min = from->min < to->min ? from->min : to->min;
}

/* Adds the times of a record's scopes. */
MEMTRACK_SYSTEM_FUNCTION_ void memtrack_local_add_times_(memtrack_scope_row *row,
                                                         struct memtrack_local_whole_ *w,
                                                         const struct memtrack_local_record_ *r) {
    struct memtrack_local_sums_ value[MEMTRACK_LOCAL_VALUES_];
    int64_t own_ns = MEMTRACK_LOCAL_GET_(r->own_ns);
    for (int i = 0; i < MEMTRACK_LOCAL_VALUES_; i++)
        memtrack_local_copy_sums_(&value[i], &r->value[i]);
    if (MEMTRACK_LOCAL_GET_(r->unmeasured))
        memtrack_local_estimate_times_(r, value, &own_ns);
    row->own_duration_ns += own_ns;
    for (int i = 0; i < MEMTRACK_LOCAL_VALUES_; i++)
        memtrack_local_add_sums_(&w->value[i], &value[i]);
    memtrack_local_add_words_(w, MEMTRACK_LOCAL_FIND_(r->table));
}

/* Adds a record to a row, unless what is in it has been forgotten. */
MEMTRACK_SYSTEM_FUNCTION_ void memtrack_local_add_record_to_(memtrack_scope_row *row,
                                                             struct memtrack_local_whole_ *w,
                                                             struct memtrack_local_record_ *r,
                                                             uint64_t epoch) {
    uint64_t error_ns;
    if (MEMTRACK_LOCAL_FIND_(r->epoch) != epoch)
        return;
    row->count += MEMTRACK_LOCAL_GET_(r->count);
    row->recursive += MEMTRACK_LOCAL_GET_(r->recursive);
    row->errors += MEMTRACK_LOCAL_GET_(r->errors);
    row->misuses += MEMTRACK_LOCAL_GET_(r->misuses);
    row->unmeasured += MEMTRACK_LOCAL_GET_(r->unmeasured);
    error_ns = MEMTRACK_LOCAL_GET_(r->error_ns);
    if (error_ns > w->error_ns) {
        w->error_ns = error_ns;
        row->latest_error = MEMTRACK_LOCAL_FIND_(r->error);
    }
    memtrack_local_add_times_(row, w, r);
}

/* Makes the statistic of n values. A percentile is never outside of the smallest and the largest
 * value, and is exact when all are equal. */
MEMTRACK_SYSTEM_FUNCTION_ void memtrack_local_statistic_(memtrack_statistic *out,
                                                         const struct memtrack_local_sums_ *s,
                                                         const uint64_t *counts, uint64_t n) {
    /* Of many buckets, few are used. No time is negative. */
    uint32_t first = memtrack_histogram_bucket((uint64_t)s->min),
             last = memtrack_histogram_bucket((uint64_t)s->max);
    uint64_t total = 0;
    int64_t percentile[2];
    int are_equal = s->max <= INT64_MAX / (int64_t)n && s->max * (int64_t)n == s->sum;
    for (uint32_t b = first; b <= last; b++)
        total += counts[b];
    percentile[0] = memtrack_histogram_percentile(counts, first, last, total, 50);
    percentile[1] = memtrack_histogram_percentile(counts, first, last, total, 95);
    for (int i = 0; i < 2; i++)
        if (percentile[i] > s->max || are_equal)
            percentile[i] = s->max;
        else if (percentile[i] < s->min)
            percentile[i] = s->min;
    out->sum = (double)s->sum;
    out->mean = (double)s->sum / (double)n;
    out->stddev = memtrack_histogram_deviation(n, s->sum, s->low, s->high);
    out->min = (double)s->min;
    out->p50 = (double)percentile[0];
    out->p95 = (double)percentile[1];
    out->max = (double)s->max;
}

/* Makes the row of a key. Returns whether there is anything in it. */
MEMTRACK_SYSTEM_FUNCTION_ int memtrack_local_row_(struct memtrack_local_process_ *p,
                                                  struct memtrack_local_key_ *key,
                                                  struct memtrack_local_whole_ *w,
                                                  memtrack_scope_row *row) {
    uint64_t epoch = MEMTRACK_LOCAL_FIND_(p->group[key->group].epoch), n;
    struct memtrack_local_record_ *r = MEMTRACK_LOCAL_FIND_(key->records);
    memset(w, 0, sizeof *w);
    memset(row, 0, sizeof *row);
    for (int i = 0; i < MEMTRACK_LOCAL_VALUES_; i++) {
        w->value[i].max = INT64_MIN;
        w->value[i].min = INT64_MAX;
    }
    for (; r; r = r->next)
        memtrack_local_add_record_to_(row, w, r, epoch);
    if (row->own_duration_ns < 0) /* a difference of estimates */
        row->own_duration_ns = 0;
    row->name = key->text;
    row->file = MEMTRACK_LOCAL_FIND_(key->file);
    row->line = row->file ? key->line : 0;
    row->is_process = key->is_process;
    n = row->count - row->recursive;
    if (n && w->value[0].min <= w->value[0].max) { /* else none of them has been measured */
        memtrack_local_statistic_(&row->duration_ns, &w->value[0], w->counts[0], n);
        memtrack_local_statistic_(&row->cpu_ns, &w->value[1], w->counts[1], n);
    }
    return row->count != 0;
}

/* Returns whether there is anything in a row that nobody wants to see. */
MEMTRACK_SYSTEM_FUNCTION_ int memtrack_local_is_used_(struct memtrack_local_process_ *p,
                                                      struct memtrack_local_key_ *key) {
    uint64_t epoch = MEMTRACK_LOCAL_FIND_(p->group[key->group].epoch);
    struct memtrack_local_record_ *r = MEMTRACK_LOCAL_FIND_(key->records);
    for (; r; r = r->next)
        if (MEMTRACK_LOCAL_FIND_(r->epoch) == epoch && MEMTRACK_LOCAL_GET_(r->count))
            return 1;
    return 0;
}

/* Ends what is open in threads that have ended. */
MEMTRACK_SYSTEM_FUNCTION_ void memtrack_local_end_ended_(struct memtrack_local_process_ *p) {
    struct memtrack_local_thread_ *t;
    memtrack_local_lock_(memtrack_local_state_.page);
    for (t = p->threads; t; t = t->next)
        if (MEMTRACK_LOCAL_GET_(t->depth) && memtrack_local_has_ended_(t))
            memtrack_local_end_all_(t);
    memtrack_local_unlock_(memtrack_local_state_.page);
}

MEMTRACK_SYSTEM_FUNCTION_ int memtrack_local_read_inside_(struct memtrack_local_thread_ *t,
                                                          uint32_t group, memtrack_scope_row *rows,
                                                          uint32_t capacity) {
    struct memtrack_local_process_ *p = t->process;
    struct memtrack_local_whole_ *w;
    memtrack_scope_row row;
    int n = 0;
    if (group >= MEMTRACK_LOCAL_FIND_(p->n_groups))
        return -MEMTRACK_EUSAGE;
    if (!(w = (struct memtrack_local_whole_ *)memtrack_system_pages_(sizeof *w)))
        return -MEMTRACK_ENOMEM;
    memtrack_local_end_ended_(p);
    for (struct memtrack_local_key_ *key = MEMTRACK_LOCAL_FIND_(p->first); key;
         key = MEMTRACK_LOCAL_FIND_(key->next)) {
        if (key->group != group)
            continue;
        if ((uint32_t)n >= capacity)
            n += memtrack_local_is_used_(p, key);
        else if (memtrack_local_row_(p, key, w, &row))
            rows[n++] = row;
    }
    memtrack_system_free_(w, sizeof *w);
    return n;
}

MEMTRACK_LOCAL_ int memtrack_local_group_read(uint32_t group, memtrack_scope_row *rows,
                                              uint32_t capacity) {
    struct memtrack_local_thread_ *t;
    int why;
    if (!rows && capacity)
        return -MEMTRACK_EUSAGE;
    if (!(t = memtrack_local_enter_(&why)))
        return why;
    return memtrack_local_leave_(t, memtrack_local_read_inside_(t, group, rows, capacity));
}

MEMTRACK_LOCAL_ int memtrack_local_scopes_read(memtrack_scope_row *rows, uint32_t capacity) {
    return memtrack_local_group_read(0, rows, capacity);
}

/* ---- groups ---------------------------------------------------------------------------------- */

MEMTRACK_LOCAL_ uint32_t memtrack_local_group(const char *name) {
    struct memtrack_local_thread_ *t;
    struct memtrack_local_process_ *p;
    uint32_t group;
    int why;
    if (!name || !(t = memtrack_local_enter_(&why)))
        return 0;
    p = t->process;
    memtrack_local_lock_(memtrack_local_state_.page);
    for (group = 1; group < p->n_groups && !memtrack_local_is_text_(p->group[group].text, name);)
        group++;
    if (group == MEMTRACK_LOCAL_MAX_GROUPS_ ||
        (group == p->n_groups && !(p->group[group].text = memtrack_local_copy_(p, name))))
        group = 0;
    else if (group == p->n_groups)
        MEMTRACK_LOCAL_PUBLISH_(p->n_groups, group + 1);
    memtrack_local_unlock_(memtrack_local_state_.page);
    return memtrack_local_leave_(t, 0) ? 0 : group;
}

MEMTRACK_LOCAL_ int memtrack_local_group_reset(uint32_t group) {
    struct memtrack_local_thread_ *t;
    int why;
    if (!(t = memtrack_local_enter_(&why)))
        return why;
    if (group >= MEMTRACK_LOCAL_FIND_(t->process->n_groups))
        return memtrack_local_leave_(t, -MEMTRACK_EUSAGE);
    __atomic_fetch_add(&t->process->group[group].epoch, 1, __ATOMIC_ACQ_REL);
    return memtrack_local_leave_(t, 0);
}

MEMTRACK_LOCAL_ int memtrack_local_scopes_reset(void) {
    return memtrack_local_group_reset(0);
}

/* ---- the longest of the latest --------------------------------------------------------------- */

/* Copies an event. Returns false when there is none, or it is written over meanwhile. */
MEMTRACK_SYSTEM_FUNCTION_ int memtrack_local_copy_event_(struct memtrack_local_event_ *from,
                                                         memtrack_scope_event *to) {
    uint64_t number = MEMTRACK_LOCAL_FIND_(from->number);
    memset(to, 0, sizeof *to);
    to->name = MEMTRACK_LOCAL_FIND_(from->name);
    to->begin_ns = MEMTRACK_LOCAL_FIND_(from->begin_ns);
    to->duration_ns = MEMTRACK_LOCAL_FIND_(from->duration_ns);
    to->thread_id = MEMTRACK_LOCAL_FIND_(from->thread_id);
    return number && MEMTRACK_LOCAL_GET_(from->number) == number;
}

MEMTRACK_LOCAL_ int memtrack_local_scopes_slow(uint64_t threshold_ns, memtrack_scope_event *out,
                                               uint32_t capacity) {
    struct memtrack_local_process_ *p = memtrack_local_current_();
    struct memtrack_local_event_ *events = p ? MEMTRACK_LOCAL_FIND_(p->events) : NULL;
    uint32_t n = 0, kept = 0;
    if (!out && capacity)
        return -MEMTRACK_EUSAGE;
    for (int i = 0; events && i < MEMTRACK_LOCAL_EVENTS_; i++) {
        memtrack_scope_event event;
        uint32_t at;
        if (!memtrack_local_copy_event_(&events[i], &event) || event.duration_ns < threshold_ns)
            continue;
        n++;
        at = kept < capacity ? kept++ : capacity;
        for (; at && out[at - 1].duration_ns < event.duration_ns; at--)
            if (at < capacity)
                out[at] = out[at - 1];
        if (at < capacity)
            out[at] = event;
    }
    return (int)n;
}

/* No memory has been measured. */
MEMTRACK_LOCAL_ int memtrack_local_scopes_large(uint64_t threshold_bytes, memtrack_scope_event *out,
                                                uint32_t capacity) {
    return threshold_bytes ? (!out && capacity ? -MEMTRACK_EUSAGE : 0)
                           : memtrack_local_scopes_slow(0, out, capacity);
}

#ifdef __cplusplus
}
#endif

#endif
