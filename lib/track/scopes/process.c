/* SPDX-License-Identifier: MIT */
/*
 * Scopes of the whole process need not nest. There are few of them: each keeps its own highest,
 * brought up to date whenever the process's current bytes are published (or, with one thread,
 * whenever scope_high is handed on).
 */
#include "track/scopes/process.h"

#include "base/lock.h"
#include "track/scopes/measure.h"
#include "track/scopes/totals.h"
#include "track/tables/banks.h"
#include "track/tables/names.h"
#include "track/thread/peak.h"

static struct mt_lock lock;
static uint64_t n_serials;

void mt_scopes_process_start(void) {
    mt_scopes_open_start();
    lock = (struct mt_lock){0};
}

void mt_scopes_process_publish(struct mt_thread *t) {
    if (!t->shared) {
        mt_peak_raise_alone(t);
        return;
    }
    int64_t current = mt_peak_publish(t);
    if (current != INT64_MIN)
        mt_scopes_open_note_current(current);
}

void mt_scopes_process_begin_sharing(const struct mt_thread *first) {
    if (first->bank->scope_high != INT64_MAX)
        mt_scopes_open_note_current(first->bank->scope_high);
}

bool mt_scopes_process_lock(void) {
    return mt_lock_acquire(&lock, MT_RANK_PROCESS_SCOPES);
}

void mt_scopes_process_unlock(void) {
    mt_lock_release(&lock, MT_RANK_PROCESS_SCOPES);
}

void mt_scopes_process_clear(void) {
    for (uint32_t i = 0; i < mt_scopes_open_n; i++) {
        struct mt_open_scope *p = mt_scopes_open_at(i);
        p->begin = (struct mt_counters){0};
        p->begin_ns = mt_state.header->clear_ns;
        p->before_bytes = 0;
        mt_store_relaxed(&p->high_bytes, 0); /* others may be raising it */
    }
}

static struct mt_counters of_process(void) {
    struct mt_counters sum = {0};
    for (mt_bank_id id = 1; id < mt_load_acquire(&mt_state.header->n_banks); id++) {
        const struct mt_bank *b = mt_banks_at(id);
        struct mt_counters c;
        /* The counters of a bank with another clear_epoch are from before the clear. */
        if (mt_load_acquire(&b->clear_epoch) != mt_state.header->control.clear_epoch)
            continue;
        read_bank(&c, b);
        mt_counters_add(&sum, &c, 1);
    }
    return sum;
}

/* Makes the record, which is what rows are ordered by, and notes where the first scope of a name
 * began: there, and in the handle, as another thread may end it. */
static void note_place(struct mt_thread *t, struct mt_scope_handle *h, mt_name_id name,
                       const char *file, uint32_t line) {
    struct mt_scope_totals *r = mt_scopes_totals_find_of_process(t, name, 0);
    if (r != NULL && file != NULL && r->file == 0)
        mt_scopes_totals_place(t, r, file, line);
    h->file = r != NULL ? r->file : 0;
    h->line = r != NULL ? r->line : 0;
}

static void pass_place(struct mt_thread *t, const struct mt_scope_handle *h) {
    struct mt_scope_totals *r = mt_scopes_totals_find_of_process(t, h->name, h->group);
    if (r == NULL || r->file != 0)
        return;
    r->line = h->line;
    r->file = h->file;
}

int mt_scopes_process_begin(struct mt_thread *t, memtrack_scope *scope, const char *name,
                            const char *file, uint32_t line) {
    struct mt_scope_handle *h = (struct mt_scope_handle *)scope;
    mt_name_id id = mt_names_find(&t->names, name);
    make_inert(h);
    if (id != 0)
        note_place(t, h, id, file, line);
    if (id == 0 || !mt_lock_acquire(&lock, MT_RANK_PROCESS_SCOPES))
        return -MEMTRACK_ELIMIT;
    mt_scopes_process_publish(t);
    flush(t);
    uint32_t index;
    struct mt_open_scope *p = mt_scopes_open_free_place(&index);
    if (p != NULL) {
        p->name = id;
        p->group = 0;
        p->is_failed = 0;
        p->begin = of_process();
        p->before_bytes = p->begin.live_bytes;
        mt_store_relaxed(&p->high_bytes, p->begin.live_bytes); /* others may be raising it */
        p->begin_cpu_ns = cpu_ns();
        p->begin_ns = clock_ns(CLOCK_MONOTONIC);
        p->event = ++n_serials;
        open_handle(h, PROCESS, p->event, index, id, 0);
        h->event = p->event;
        mt_store_release(&p->serial, p->event); /* the scope is whole: readers begin here */
        if (index >= mt_scopes_open_n)
            mt_store_release(&mt_scopes_open_n, index + 1); /* the scope that it counts is whole */
        t->bank->scope_high = t->bank->counters.live_bytes;
    }
    mt_lock_release(&lock, MT_RANK_PROCESS_SCOPES);
    if (p == NULL)
        mt_scopes_totals_drop();
    return p != NULL ? 0 : -MEMTRACK_ELIMIT;
}

static void close(struct mt_open_scope *p) {
    mt_store_release(&p->serial, 0); /* this comes before its place is used again */
    uint32_t n = mt_scopes_open_n;
    while (n > 0 && mt_scopes_open_at(n - 1)->serial == 0)
        n--;
    mt_store_release(&mt_scopes_open_n, n); /* there are fewer to look at now */
}

/* Measures a scope that ends, and counts it. The caller has the lock. */
static void finish(struct mt_thread *t, struct mt_open_scope *p, bool is_misuse,
                   memtrack_delta *out) {
    mt_scopes_process_publish(t);
    flush(t);
    struct mt_counters now = of_process();
    struct mt_scope_result result = {
        .is_misuse = is_misuse,
        .is_failed = p->is_failed,
        .before_bytes = p->before_bytes,
        .after_bytes = now.live_bytes,
        .end_ns = clock_ns(CLOCK_MONOTONIC),
    };
    mt_scopes_open_raise(&p->high_bytes, now.live_bytes);
    memtrack_delta d =
        delta_of(difference(now, p->begin), mt_load_relaxed(&p->high_bytes) - p->begin.live_bytes,
                 result.end_ns - p->begin_ns, 0);
    values_of(&d, result.value);
    values_of(&d, result.own);
    mt_scopes_totals_add(t, mt_scopes_totals_find_of_process(t, p->name, p->group), &result);
    add_event(t, p->serial, p->name, p->begin_ns, d.duration_ns, d.net_bytes, d.peak_bytes);
    if (out != NULL)
        *out = d;
}

int mt_scopes_process_end(struct mt_thread *t, struct mt_scope_handle *h, memtrack_delta *out) {
    uint32_t n = mt_load_acquire(&mt_scopes_open_n); /* the chunks that these lie in are seen */
    struct mt_open_scope *p = h->index < n ? mt_scopes_open_at(h->index) : NULL;
    int rc = -MEMTRACK_EENDED;
    if (p == NULL || !mt_lock_acquire(&lock, MT_RANK_PROCESS_SCOPES))
        return rc;
    if (p->serial == h->serial) {
        pass_place(t, h);
        finish(t, p, false, out);
        close(p);
        flush(t);
        rc = 0;
    }
    mt_lock_release(&lock, MT_RANK_PROCESS_SCOPES);
    return rc;
}

int mt_scopes_process_fail(struct mt_thread *t, const struct mt_scope_handle *h, const char *why) {
    uint32_t n = mt_load_acquire(&mt_scopes_open_n); /* the chunks that these lie in are seen */
    struct mt_open_scope *p = h->index < n ? mt_scopes_open_at(h->index) : NULL;
    if (p == NULL || !mt_lock_acquire(&lock, MT_RANK_PROCESS_SCOPES))
        return -MEMTRACK_EENDED;
    bool is_open = p->serial == h->serial;
    if (is_open)
        p->is_failed = 1;
    mt_lock_release(&lock, MT_RANK_PROCESS_SCOPES);
    struct mt_scope_totals *r =
        is_open && why != NULL ? mt_scopes_totals_find_of_process(t, h->name, h->group) : NULL;
    if (r != NULL)
        mt_scopes_totals_keep_error(t, r, why, clock_ns(CLOCK_MONOTONIC));
    return is_open ? 0 : -MEMTRACK_EENDED;
}

void mt_scopes_process_end_all(struct mt_thread *t) {
    /* Relaxed: a thread that begins a scope now does not want it ended. */
    if (mt_load_relaxed(&mt_scopes_open_n) == 0 || !mt_lock_acquire(&lock, MT_RANK_PROCESS_SCOPES))
        return;
    for (uint32_t i = 0; i < mt_scopes_open_n; i++)
        if (mt_scopes_open_at(i)->serial != 0) {
            finish(t, mt_scopes_open_at(i), true, NULL);
            close(mt_scopes_open_at(i));
        }
    mt_lock_release(&lock, MT_RANK_PROCESS_SCOPES);
}
