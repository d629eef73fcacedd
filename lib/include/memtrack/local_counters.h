/* SPDX-License-Identifier: MIT */
/*
 * Counters and caches of a process that is not recorded: a part of memtrack/timers.h.
 *
 * A figure that the program keeps is one place for all threads, changed by atomic additions, so its
 * sum is exact. What a cache has answered are two records, of hits and of misses, as scopes have
 * them, in a group of their own that no reset forgets.
 */
#ifndef MEMTRACK_LOCAL_COUNTERS_H
#define MEMTRACK_LOCAL_COUNTERS_H

#include "memtrack/local_read.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { MEMTRACK_LOCAL_COUNTER_, MEMTRACK_LOCAL_SIZE_ };
enum { MEMTRACK_LOCAL_CACHES_ = MEMTRACK_LOCAL_MAX_GROUPS_ };  /* their group */
enum { MEMTRACK_LOCAL_HITS_ = 0, MEMTRACK_LOCAL_MISSES_ = 1 }; /* in the place of is_process */

/* A figure. Its text lies behind it. */
struct memtrack_local_figure_ {
    struct memtrack_local_figure_ *next, *same_hash;
    const char *text;
    int kind;
    int64_t value, lowest, highest;
    uint64_t changes;
};

/* ---- figures --------------------------------------------------------------------------------- */

MEMTRACK_SYSTEM_FUNCTION_ struct memtrack_local_figure_ **
memtrack_local_figure_chain_(struct memtrack_local_process_ *p, int kind, const char *name) {
    return &p->figure_chain[memtrack_local_hash_(name, memtrack_local_length_(name), 0,
                                                 (uint32_t)kind) %
                            MEMTRACK_LOCAL_CHAINS_];
}

/* Returns the figure; NULL when there is none. */
MEMTRACK_SYSTEM_FUNCTION_ struct memtrack_local_figure_ *
memtrack_local_look_up_figure_(struct memtrack_local_figure_ **chain, int kind, const char *name) {
    struct memtrack_local_figure_ *f = MEMTRACK_LOCAL_FIND_(*chain);
    while (f && (f->kind != kind || !memtrack_local_is_text_(f->text, name)))
        f = f->same_hash;
    return f;
}

/* The caller has the lock, and has found that there is none. */
MEMTRACK_SYSTEM_FUNCTION_ struct memtrack_local_figure_ *
memtrack_local_add_figure_(struct memtrack_local_process_ *p, struct memtrack_local_figure_ **chain,
                           int kind, const char *name) {
    struct memtrack_local_figure_ *f =
        (struct memtrack_local_figure_ *)memtrack_local_take_(p, sizeof *f);
    if (!f || !(f->text = memtrack_local_copy_(p, name)))
        return NULL;
    f->kind = kind;
    f->lowest = INT64_MAX;
    f->highest = INT64_MIN;
    f->same_hash = *chain;
    MEMTRACK_LOCAL_PUBLISH_(*chain, f);
    MEMTRACK_LOCAL_PUBLISH_(*(p->last_figure ? &p->last_figure->next : &p->figures), f);
    p->last_figure = f;
    return f;
}

/* Returns the figure, which is made if there is none; NULL when there is no room. */
MEMTRACK_SYSTEM_FUNCTION_ struct memtrack_local_figure_ *
memtrack_local_find_figure_(struct memtrack_local_process_ *p, int kind, const char *name) {
    struct memtrack_local_figure_ **chain = memtrack_local_figure_chain_(p, kind, name);
    struct memtrack_local_figure_ *f = memtrack_local_look_up_figure_(chain, kind, name);
    if (f)
        return f;
    memtrack_local_lock_(memtrack_local_state_.page);
    f = memtrack_local_look_up_figure_(chain, kind, name);
    if (!f)
        f = memtrack_local_add_figure_(p, chain, kind, name);
    memtrack_local_unlock_(memtrack_local_state_.page);
    return f;
}

/* Notes a new value among the lowest and the highest. */
MEMTRACK_SYSTEM_FUNCTION_ void memtrack_local_note_(struct memtrack_local_figure_ *f,
                                                    int64_t value) {
    int64_t low = MEMTRACK_LOCAL_GET_(f->lowest), high = MEMTRACK_LOCAL_GET_(f->highest);
    while (value < low && !__atomic_compare_exchange_n(&f->lowest, &low, value, 1, __ATOMIC_RELAXED,
                                                       __ATOMIC_RELAXED))
        continue;
    while (value > high && !__atomic_compare_exchange_n(&f->highest, &high, value, 1,
                                                        __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        continue;
    __atomic_fetch_add(&f->changes, 1, __ATOMIC_RELAXED);
}

MEMTRACK_SYSTEM_FUNCTION_ int memtrack_local_change_(int kind, const char *name, int64_t value,
                                                     int is_sum) {
    struct memtrack_local_thread_ *t;
    struct memtrack_local_figure_ *f;
    int why;
    if (!name)
        return -MEMTRACK_EUSAGE;
    if (!(t = memtrack_local_enter_(&why)))
        return why;
    if (!(f = memtrack_local_find_figure_(t->process, kind, name))) {
        memtrack_local_drop_();
        return memtrack_local_leave_(t, -MEMTRACK_ELIMIT);
    }
    if (is_sum)
        value = __atomic_add_fetch(&f->value, value, __ATOMIC_RELAXED);
    else
        __atomic_store_n(&f->value, value, __ATOMIC_RELAXED);
    memtrack_local_note_(f, value);
    return memtrack_local_leave_(t, 0);
}

MEMTRACK_LOCAL_ int memtrack_local_counter(const char *name, int64_t value) {
    return memtrack_local_change_(MEMTRACK_LOCAL_COUNTER_, name, value, 0);
}

MEMTRACK_LOCAL_ int memtrack_local_counter_add(const char *name, int64_t by) {
    return memtrack_local_change_(MEMTRACK_LOCAL_COUNTER_, name, by, 1);
}

MEMTRACK_LOCAL_ int memtrack_local_counters_read(memtrack_counter_row *rows, uint32_t capacity) {
    struct memtrack_local_process_ *p = memtrack_local_current_();
    struct memtrack_local_figure_ *f = p ? MEMTRACK_LOCAL_FIND_(p->figures) : NULL;
    uint32_t n = 0;
    if (!rows && capacity)
        return -MEMTRACK_EUSAGE;
    for (; f; f = MEMTRACK_LOCAL_FIND_(f->next)) {
        uint64_t changes = MEMTRACK_LOCAL_GET_(f->changes);
        if (f->kind != MEMTRACK_LOCAL_COUNTER_ || !changes)
            continue;
        if (n < capacity) {
            rows[n].name = f->text;
            rows[n].value = MEMTRACK_LOCAL_GET_(f->value);
            rows[n].lowest = MEMTRACK_LOCAL_GET_(f->lowest);
            rows[n].highest = MEMTRACK_LOCAL_GET_(f->highest);
            rows[n].changes = changes;
        }
        n++;
    }
    return (int)n;
}

/* ---- caches ---------------------------------------------------------------------------------- */

MEMTRACK_SYSTEM_FUNCTION_ int memtrack_local_answer_(const char *name, uint64_t duration_ns,
                                                     uint32_t which) {
    struct memtrack_local_thread_ *t;
    struct memtrack_local_record_ *r;
    struct memtrack_local_result_ result;
    int why;
    if (!name || duration_ns > UINT64_C(1) << 51)
        return -MEMTRACK_EUSAGE;
    if (!(t = memtrack_local_enter_(&why)))
        return why;
    if (!(r = memtrack_local_find_record_(t, MEMTRACK_LOCAL_CACHES_, which, name))) {
        memtrack_local_drop_();
        return memtrack_local_leave_(t, -MEMTRACK_ELIMIT);
    }
    memset(&result, 0, sizeof result);
    result.duration_ns = (int64_t)duration_ns;
    result.weight = 1;
    memtrack_local_add_(t, r, &result);
    return memtrack_local_leave_(t, 0);
}

MEMTRACK_LOCAL_ int memtrack_local_cache_hit(const char *name, uint64_t duration_ns) {
    return memtrack_local_answer_(name, duration_ns, MEMTRACK_LOCAL_HITS_);
}

MEMTRACK_LOCAL_ int memtrack_local_cache_miss(const char *name, uint64_t duration_ns) {
    return memtrack_local_answer_(name, duration_ns, MEMTRACK_LOCAL_MISSES_);
}

MEMTRACK_LOCAL_ int memtrack_local_cache_size(const char *name, uint64_t bytes) {
    return bytes > INT64_MAX
               ? -MEMTRACK_EUSAGE
               : memtrack_local_change_(MEMTRACK_LOCAL_SIZE_, name, (int64_t)bytes, 0);
}

MEMTRACK_SYSTEM_FUNCTION_ struct memtrack_local_key_ *
memtrack_local_answers_key_(struct memtrack_local_process_ *p, const char *name, uint32_t which) {
    uint32_t hash =
        memtrack_local_hash_(name, memtrack_local_length_(name), MEMTRACK_LOCAL_CACHES_, which);
    return memtrack_local_find_key_(p, hash, MEMTRACK_LOCAL_CACHES_, which, name);
}

/* Adds up the answers of one kind. */
MEMTRACK_SYSTEM_FUNCTION_ uint64_t memtrack_local_answers_(struct memtrack_local_process_ *p,
                                                           const char *name, uint32_t which,
                                                           struct memtrack_local_whole_ *w,
                                                           memtrack_statistic *out) {
    struct memtrack_local_key_ *key = memtrack_local_answers_key_(p, name, which);
    memtrack_scope_row row;
    memset(out, 0, sizeof *out);
    if (!key || !memtrack_local_row_(p, key, w, &row))
        return 0;
    *out = row.duration_ns;
    return row.count;
}

MEMTRACK_SYSTEM_FUNCTION_ void memtrack_local_cache_row_(struct memtrack_local_process_ *p,
                                                         const char *name,
                                                         struct memtrack_local_whole_ *w,
                                                         memtrack_cache_row *row) {
    struct memtrack_local_figure_ *size = memtrack_local_look_up_figure_(
        memtrack_local_figure_chain_(p, MEMTRACK_LOCAL_SIZE_, name), MEMTRACK_LOCAL_SIZE_, name);
    memset(row, 0, sizeof *row);
    row->name = name;
    row->hits = memtrack_local_answers_(p, name, MEMTRACK_LOCAL_HITS_, w, &row->hit_ns);
    row->misses = memtrack_local_answers_(p, name, MEMTRACK_LOCAL_MISSES_, w, &row->miss_ns);
    if (row->hits + row->misses)
        row->hit_rate = (double)row->hits / (double)(row->hits + row->misses);
    if (size && MEMTRACK_LOCAL_GET_(size->changes)) {
        row->size_bytes = (uint64_t)MEMTRACK_LOCAL_GET_(size->value);
        row->highest_bytes = (uint64_t)MEMTRACK_LOCAL_GET_(size->highest);
    }
}

/* Returns whether this key is the first that names a cache: a miss may come after the hit. */
MEMTRACK_SYSTEM_FUNCTION_ int memtrack_local_is_first_(struct memtrack_local_process_ *p,
                                                       const struct memtrack_local_key_ *key) {
    const struct memtrack_local_key_ *other = memtrack_local_answers_key_(
        p, key->text, MEMTRACK_LOCAL_HITS_ + MEMTRACK_LOCAL_MISSES_ - key->is_process);
    return !other || other->number > key->number;
}

MEMTRACK_SYSTEM_FUNCTION_ int memtrack_local_is_only_size_(struct memtrack_local_process_ *p,
                                                           const char *name) {
    return !memtrack_local_answers_key_(p, name, MEMTRACK_LOCAL_HITS_) &&
           !memtrack_local_answers_key_(p, name, MEMTRACK_LOCAL_MISSES_);
}

MEMTRACK_SYSTEM_FUNCTION_ int memtrack_local_caches_inside_(struct memtrack_local_process_ *p,
                                                            memtrack_cache_row *rows,
                                                            uint32_t capacity) {
    struct memtrack_local_whole_ *w =
        (struct memtrack_local_whole_ *)memtrack_system_pages_(sizeof *w);
    uint32_t n = 0;
    if (!w)
        return -MEMTRACK_ENOMEM;
    for (struct memtrack_local_key_ *k = MEMTRACK_LOCAL_FIND_(p->first); k;
         k = MEMTRACK_LOCAL_FIND_(k->next))
        if (k->group == MEMTRACK_LOCAL_CACHES_ && memtrack_local_is_first_(p, k)) {
            if (n < capacity)
                memtrack_local_cache_row_(p, k->text, w, &rows[n]);
            n++;
        }
    for (struct memtrack_local_figure_ *f = MEMTRACK_LOCAL_FIND_(p->figures); f;
         f = MEMTRACK_LOCAL_FIND_(f->next))
        if (f->kind == MEMTRACK_LOCAL_SIZE_ && memtrack_local_is_only_size_(p, f->text)) {
            if (n < capacity)
                memtrack_local_cache_row_(p, f->text, w, &rows[n]);
            n++;
        }
    memtrack_system_free_(w, sizeof *w);
    return (int)n;
}

MEMTRACK_LOCAL_ int memtrack_local_caches_read(memtrack_cache_row *rows, uint32_t capacity) {
    struct memtrack_local_thread_ *t;
    int why;
    if (!rows && capacity)
        return -MEMTRACK_EUSAGE;
    if (!(t = memtrack_local_enter_(&why)))
        return why;
    return memtrack_local_leave_(t, memtrack_local_caches_inside_(t->process, rows, capacity));
}

#ifdef __cplusplus
}
#endif

#endif
