/* SPDX-License-Identifier: MIT */
/*
 * What scopes of a process that is not recorded come to: sums and a histogram for each thread and
 * name, and the latest scopes one by one. A part of memtrack/local.h, which says who may write what.
 */
#ifndef MEMTRACK_LOCAL_RECORDS_H
#define MEMTRACK_LOCAL_RECORDS_H

#include "memtrack/local.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- records --------------------------------------------------------------------------------- */

MEMTRACK_SYSTEM_FUNCTION_ uint64_t *memtrack_local_words_(struct memtrack_local_table_ *table) {
    return (uint64_t *)(void *)(table + 1);
}

MEMTRACK_SYSTEM_FUNCTION_ uint64_t *memtrack_local_place_(struct memtrack_local_table_ *table,
                                                          uint64_t key) {
    uint64_t *word = memtrack_local_words_(table);
    uint32_t i =
        (uint32_t)(((key >> 48) * UINT64_C(0x9E3779B97F4A7C15)) >> 32) & (table->capacity - 1);
    while (word[i] && (word[i] ^ key) >> 48)
        i = (i + 1) & (table->capacity - 1);
    return &word[i];
}

/* Gives a record a table of twice the size. The old one stays, for who reads it. */
MEMTRACK_LOCAL_ int memtrack_local_grow_(struct memtrack_local_thread_ *t,
                                         struct memtrack_local_record_ *r);
MEMTRACK_LOCAL_ int memtrack_local_grow_(struct memtrack_local_thread_ *t,
                                         struct memtrack_local_record_ *r) {
    uint32_t capacity = r->table ? r->table->capacity * 2 : 32;
    struct memtrack_local_table_ *table;
    memtrack_local_lock_(memtrack_local_state_.page);
    table = (struct memtrack_local_table_ *)memtrack_local_take_(
        t->process, sizeof *table + capacity * sizeof(uint64_t));
    memtrack_local_unlock_(memtrack_local_state_.page);
    if (!table)
        return 0;
    table->capacity = capacity;
    for (uint32_t i = 0; r->table && i < r->table->capacity; i++) {
        uint64_t word = memtrack_local_words_(r->table)[i];
        if (word) {
            *memtrack_local_place_(table, word) = word;
            table->used++;
        }
    }
    MEMTRACK_LOCAL_PUBLISH_(r->table, table);
    return 1;
}

MEMTRACK_SYSTEM_FUNCTION_ void memtrack_local_count_(struct memtrack_local_thread_ *t,
                                                     struct memtrack_local_record_ *r, int which,
                                                     int64_t value) {
    /* Never 0, so that a word that is in use is not. */
    uint64_t key =
        (uint64_t)(1 + which) << 60 | (uint64_t)memtrack_histogram_bucket((uint64_t)value) << 48;
    uint64_t *word = r->table ? memtrack_local_place_(r->table, key) : NULL;
    if (!word || !*word) {
        if ((!r->table || r->table->used * 4 >= r->table->capacity * 3) &&
            !memtrack_local_grow_(t, r)) {
            memtrack_local_drop_();
            return;
        }
        word = memtrack_local_place_(r->table, key);
        r->table->used++;
        MEMTRACK_LOCAL_SET_(*word, key);
    }
    MEMTRACK_LOCAL_SET_(*word, *word + 1);
}

MEMTRACK_SYSTEM_FUNCTION_ void memtrack_local_sum_(struct memtrack_local_sums_ *s, int64_t value) {
    uint64_t low = s->low, high = s->high;
    memtrack_histogram_square(&low, &high, value);
    MEMTRACK_LOCAL_SET_(s->low, low);
    MEMTRACK_LOCAL_SET_(s->high, high);
    MEMTRACK_LOCAL_SET_(s->sum, s->sum > INT64_MAX - value ? INT64_MAX : s->sum + value);
    if (value > s->max)
        MEMTRACK_LOCAL_SET_(s->max, value);
    if (value < s->min)
        MEMTRACK_LOCAL_SET_(s->min, value);
}

/* Forgets what a record is of, if its group has been reset since. */
MEMTRACK_SYSTEM_FUNCTION_ void memtrack_local_renew_(struct memtrack_local_thread_ *t,
                                                     struct memtrack_local_record_ *r) {
    uint64_t epoch = MEMTRACK_LOCAL_FIND_(t->process->group[r->key->group].epoch);
    if (r->epoch == epoch)
        return;
    for (uint32_t i = 0; r->table && i < r->table->capacity; i++)
        MEMTRACK_LOCAL_SET_(memtrack_local_words_(r->table)[i], 0);
    if (r->table)
        r->table->used = 0;
    MEMTRACK_LOCAL_SET_(r->count, 0);
    MEMTRACK_LOCAL_SET_(r->recursive, 0);
    MEMTRACK_LOCAL_SET_(r->errors, 0);
    MEMTRACK_LOCAL_SET_(r->misuses, 0);
    MEMTRACK_LOCAL_SET_(r->error_ns, 0);
    MEMTRACK_LOCAL_SET_(r->own_ns, 0);
    MEMTRACK_LOCAL_SET_(r->unmeasured, 0);
    MEMTRACK_LOCAL_SET_(r->unmeasured_recursive, 0);
    MEMTRACK_LOCAL_SET_(r->sure.count, 0);
    MEMTRACK_LOCAL_SET_(r->sure.recursive, 0);
    MEMTRACK_LOCAL_SET_(r->sure.own_ns, 0);
    r->has_first = 0;
    for (int i = 0; i < MEMTRACK_LOCAL_VALUES_; i++) {
        MEMTRACK_LOCAL_SET_(r->sure.sum[i], 0);
        MEMTRACK_LOCAL_SET_(r->value[i].sum, 0);
        MEMTRACK_LOCAL_SET_(r->value[i].low, 0);
        MEMTRACK_LOCAL_SET_(r->value[i].high, 0);
        MEMTRACK_LOCAL_SET_(r->value[i].max, INT64_MIN);
        MEMTRACK_LOCAL_SET_(r->value[i].min, INT64_MAX);
    }
    MEMTRACK_LOCAL_PUBLISH_(r->epoch, epoch); /* whoever sees it sees the zeros */
}

/* What a scope that has ended comes to. */
struct memtrack_local_result_ {
    int64_t duration_ns, cpu_ns, own_ns;
    int is_failed, is_misuse, is_recursive;
    uint32_t weight; /* as of struct memtrack_local_frame_ */
};

/* Adds a scope to those that are sure. Their sums do not saturate, as the others do: no program
 * has so many of them. */
MEMTRACK_LOCAL_ void memtrack_local_add_sure_(struct memtrack_local_record_ *r,
                                              const struct memtrack_local_result_ *result);
MEMTRACK_LOCAL_ void memtrack_local_add_sure_(struct memtrack_local_record_ *r,
                                              const struct memtrack_local_result_ *result) {
    const int64_t value[MEMTRACK_LOCAL_VALUES_] = {result->duration_ns, result->cpu_ns};
    MEMTRACK_LOCAL_SET_(r->sure.count, r->sure.count + 1);
    MEMTRACK_LOCAL_SET_(r->sure.own_ns, r->sure.own_ns + result->own_ns);
    if (result->is_recursive)
        MEMTRACK_LOCAL_SET_(r->sure.recursive, r->sure.recursive + 1);
    for (int i = 0; i < MEMTRACK_LOCAL_VALUES_ && !result->is_recursive; i++)
        MEMTRACK_LOCAL_SET_(r->sure.sum[i],
                            (int64_t)((uint64_t)r->sure.sum[i] + (uint64_t)value[i]));
}

/* Counts a scope. Returns whether its times are to be added: those of inner ones of its like are not,
 * nor are there any of one that is only counted. */
MEMTRACK_SYSTEM_FUNCTION_ int memtrack_local_tally_(struct memtrack_local_record_ *r,
                                                    const struct memtrack_local_result_ *result) {
    MEMTRACK_LOCAL_SET_(r->count, r->count + 1);
    if (result->is_failed)
        MEMTRACK_LOCAL_SET_(r->errors, r->errors + 1);
    if (result->is_misuse)
        MEMTRACK_LOCAL_SET_(r->misuses, r->misuses + 1);
    if (result->is_recursive)
        MEMTRACK_LOCAL_SET_(r->recursive, r->recursive + 1);
    if (__builtin_expect(!result->weight, 0)) {
        MEMTRACK_LOCAL_SET_(r->unmeasured, r->unmeasured + 1);
        if (result->is_recursive)
            MEMTRACK_LOCAL_SET_(r->unmeasured_recursive, r->unmeasured_recursive + 1);
        return 0;
    }
    MEMTRACK_LOCAL_SET_(r->own_ns, r->own_ns + result->own_ns);
    return !result->is_recursive;
}

/* Returns whether what was said of an error that long ago was said of this scope. When one that is
 * only counted began is not known. */
MEMTRACK_SYSTEM_FUNCTION_ int memtrack_local_is_of_(const struct memtrack_local_result_ *result,
                                                    uint64_t said_ns) {
    return !result->weight || said_ns >= memtrack_system_ns_(MEMTRACK_SYSTEM_MONOTONIC_) -
                                             (uint64_t)result->duration_ns;
}

MEMTRACK_SYSTEM_FUNCTION_ void memtrack_local_add_(struct memtrack_local_thread_ *t,
                                                   struct memtrack_local_record_ *r,
                                                   const struct memtrack_local_result_ *result) {
    uint64_t said_ns = result->is_failed ? r->error_ns : 0;
    memtrack_local_renew_(t, r);
    /* What was said of its error belongs to it, even if everything was forgotten after that. */
    if (said_ns && !r->error_ns && memtrack_local_is_of_(result, said_ns))
        MEMTRACK_LOCAL_SET_(r->error_ns, said_ns);
    if (__builtin_expect(t->process->one_in > 1, 0) && result->weight == 1)
        memtrack_local_add_sure_(r, result);
    if (!memtrack_local_tally_(r, result))
        return;
    memtrack_local_sum_(&r->value[MEMTRACK_LOCAL_DURATION_], result->duration_ns);
    memtrack_local_count_(t, r, MEMTRACK_LOCAL_DURATION_, result->duration_ns);
    memtrack_local_sum_(&r->value[MEMTRACK_LOCAL_CPU_], result->cpu_ns);
    if (t->process->has_cpu)
        memtrack_local_count_(t, r, MEMTRACK_LOCAL_CPU_, result->cpu_ns);
}

/* Keeps the text of an error. It is written over where it lies: who reads it at that moment may find
 * a part of either, and always its end. */
MEMTRACK_SYSTEM_FUNCTION_ void memtrack_local_keep_error_(struct memtrack_local_thread_ *t,
                                                          struct memtrack_local_record_ *r,
                                                          const char *why) {
    size_t length = memtrack_local_length_(why);
    memtrack_local_renew_(t, r);
    if (!r->error) {
        char *text;
        memtrack_local_lock_(memtrack_local_state_.page);
        text = (char *)memtrack_local_take_(t->process, MEMTRACK_LOCAL_NAME_BYTES_ + 1);
        memtrack_local_unlock_(memtrack_local_state_.page);
        if (!text) {
            memtrack_local_drop_();
            return;
        }
        MEMTRACK_LOCAL_PUBLISH_(r->error, text);
    }
    for (size_t i = 0; i < MEMTRACK_LOCAL_NAME_BYTES_; i++)
        MEMTRACK_LOCAL_SET_(r->error[i], i < length ? why[i] : (char)0);
    MEMTRACK_LOCAL_SET_(r->error_ns, memtrack_system_ns_(MEMTRACK_SYSTEM_MONOTONIC_));
}

/* ---- events ---------------------------------------------------------------------------------- */

MEMTRACK_LOCAL_ struct memtrack_local_event_ *
memtrack_local_make_events_(struct memtrack_local_process_ *p);
MEMTRACK_LOCAL_ struct memtrack_local_event_ *
memtrack_local_make_events_(struct memtrack_local_process_ *p) {
    memtrack_local_lock_(memtrack_local_state_.page);
    if (!p->events)
        MEMTRACK_LOCAL_PUBLISH_(p->events, (struct memtrack_local_event_ *)memtrack_system_pages_(
                                               MEMTRACK_LOCAL_EVENTS_ * sizeof *p->events));
    memtrack_local_unlock_(memtrack_local_state_.page);
    return p->events;
}

/* Keeps a scope that has ended among the latest ones. */
MEMTRACK_SYSTEM_FUNCTION_ void memtrack_local_add_event_(struct memtrack_local_thread_ *t,
                                                         const struct memtrack_local_key_ *key,
                                                         uint64_t begin_ns, uint64_t duration_ns) {
    struct memtrack_local_process_ *p = t->process;
    struct memtrack_local_event_ *e = MEMTRACK_LOCAL_FIND_(p->events);
    uint64_t number;
    if (!e && !(e = memtrack_local_make_events_(p)))
        return;
    number = __atomic_fetch_add(&p->n_events, 1, __ATOMIC_RELAXED);
    e += number % MEMTRACK_LOCAL_EVENTS_;
    MEMTRACK_LOCAL_SET_(e->number, 0);
    /* Released one by one: who sees one of these sees the 0. */
    MEMTRACK_LOCAL_PUBLISH_(e->name, key->text);
    MEMTRACK_LOCAL_PUBLISH_(e->begin_ns, begin_ns > p->start_ns ? begin_ns - p->start_ns : 0);
    MEMTRACK_LOCAL_PUBLISH_(e->duration_ns, duration_ns);
    MEMTRACK_LOCAL_PUBLISH_(e->thread_id, (uint32_t)t->tid);
    MEMTRACK_LOCAL_PUBLISH_(e->number, number + 1);
}

#ifdef __cplusplus
}
#endif

#endif
