/* SPDX-License-Identifier: MIT */
/*
 * A record is written by one thread, so nothing here is atomic but the publication of records and
 * tables. A histogram begins with 32 words and doubles; outgrown tables stay behind, which is at
 * most as much again.
 *
 * Rejected: arrays of counters (seven values of 60 octaves: megabytes for a program whose every
 * function is a scope); histograms of the whole process with atomic counters (seven locked
 * instructions a scope).
 */
#include "track/scopes/totals.h"

#include "base/pages.h"
#include "ledger/invariants.h"
#include "ledger/writer/check.h"
#include "memtrack/error.h"
#include "track/ground/index.h"
#include "track/ground/state.h"
#include "track/scopes/totals-local.h"
#include "track/tables/names.h"

enum { MAX_CHUNKS = 16384, FIRST_CAPACITY = 32, MOST_CAPACITY = 1 << 16 };

static void *chunk[MAX_CHUNKS] MT_PAGES_CLOSED;
static struct mt_table record_table =
    MT_TABLE(chunk, struct mt_scope_totals, MT_SCOPES_PER_CHUNK, MT_EXTENT_SCOPES, 64);
static struct mt_index records;

static struct mt_scope_totals *record_at(uint32_t id) {
    return mt_table_item(chunk, struct mt_scope_totals, MT_SCOPES_PER_CHUNK, id);
}

/* Ids of names fit into 20 bits. */
static uint64_t hash(uint64_t key, uint32_t bank, bool is_process) {
    return mt_index_mix(key ^ (uint64_t)bank << 52, (uint64_t)bank << 1 | is_process);
}

static uint64_t hash_of(uint32_t id) {
    const struct mt_scope_totals *r = record_at(id);
    return hash(mt_scopes_totals_key(r->name, r->group), r->bank, r->is_process != 0);
}

bool mt_scopes_totals_start(void) {
    mt_table_start(&record_table);
    mt_state.header->n_scopes = 1;
    return mt_index_start(&records, hash_of);
}

void mt_scopes_totals_forget(struct mt_totals_part *part) {
    for (uint32_t i = 0; i < MT_SCOPE_CACHE; i++)
        part->known[i] = (struct mt_known_scope){0};
}

void mt_scopes_totals_drop(void) {
    mt_add_relaxed(&mt_state.header->dropped_scopes, 1); /* this count is read alone */
}

const struct mt_scope_totals *mt_scopes_totals_at(uint32_t id) {
    return record_at(id);
}

/* ---- records --------------------------------------------------------------------------------- */

/* Makes the sums those of no scope. */
static void make_zero(struct mt_scope_totals *r) {
    uint64_t *table = (uint64_t *)r->histogram;
    for (uint32_t i = 0; i < r->capacity; i++)
        mt_store_relaxed(&table[i], 0); /* who reads it looks at the epoch afterwards */
    r->used = 0;
    r->count = r->idle = r->recursive = r->errors = r->misuses = 0;
    r->unmeasured = r->unmeasured_recursive = 0;
    r->has_first = 0;
    r->sure = (struct mt_scope_sure){0};
    r->n_threads = r->last_thread = 0;
    r->latest_before_bytes = r->latest_after_bytes = 0;
    r->latest_ns = r->error_ns = 0;
    for (int i = 0; i < MT_N_SCOPE_VALUES; i++)
        r->value[i] = (struct mt_scope_sums){.max = INT64_MIN, .min = INT64_MAX};
}

static struct mt_scope_totals *add_record(uint64_t h, const struct mt_thread *t, uint64_t key,
                                          bool is_process) {
    struct mt_ledger_header *header = mt_state.header;
    uint32_t id = header->n_scopes;
    if (!mt_table_reserve(&mt_state.ledger, &record_table, id) || !mt_index_reserve(&records))
        return NULL;
    struct mt_scope_totals *r = record_at(id);
    make_zero(r);
    r->bank = (uint16_t)t->bank_id;
    r->is_process = is_process;
    r->epoch = mt_load_acquire(&header->control.scopes_epoch); /* what is before it is forgotten */
    r->group = (mt_name_id)(key >> 32);
    r->name = (mt_name_id)key;
    mt_store_release(&header->n_scopes, id + 1); /* the record that it counts is whole */
    mt_index_insert(&records, h, id);
    return r;
}

static struct mt_scope_totals *find(uint64_t h, const struct mt_thread *t, uint64_t key,
                                    bool is_process) {
    const struct mt_index_table *index = mt_load_acquire(&records.table); /* its slots are seen */
    uint32_t at = mt_index_home(index, h), id;
    while ((id = mt_index_candidate(index, h, &at)) != 0) {
        struct mt_scope_totals *r = record_at(id);
        if (mt_scopes_totals_key(r->name, r->group) == key && r->bank == t->bank_id &&
            (r->is_process != 0) == is_process)
            return r;
    }
    return NULL;
}

static struct mt_scope_totals *find_or_add(const struct mt_thread *t, uint64_t key,
                                           bool is_process) {
    uint64_t h = hash(key, t->bank_id, is_process);
    struct mt_scope_totals *r = find(h, t, key, is_process);
    if (r == NULL && mt_state_lock_growth()) {
        r = add_record(h, t, key, is_process); /* no other thread adds records of this bank */
        mt_state_unlock_growth();
    }
    return r;
}

MT_NOINLINE struct mt_scope_totals *mt_scopes_totals_learn(struct mt_thread *t, mt_name_id name,
                                                           mt_name_id group) {
    uint64_t key = mt_scopes_totals_key(name, group);
    struct mt_scope_totals *r = find_or_add(t, key, false);
    if (r != NULL)
        *mt_scopes_totals_known(t, name, group) = (struct mt_known_scope){key, r};
    return r;
}

struct mt_scope_totals *mt_scopes_totals_find_of_process(struct mt_thread *t, mt_name_id name,
                                                         mt_name_id group) {
    return find_or_add(t, mt_scopes_totals_key(name, group), true);
}

void mt_scopes_totals_place(struct mt_thread *t, struct mt_scope_totals *r, const char *file,
                            uint32_t line) {
    mt_name_id id = mt_names_find(&t->names, file);
    r->line = line;
    r->file = id;
}

/* ---- what is forgotten ----------------------------------------------------------------------- */

uint64_t mt_scopes_totals_epoch(mt_name_id group) {
    uint64_t all = mt_load_acquire(&mt_state.header->scopes_clear_epoch),
             own = mt_names_reset_epoch(group);
    return own > all ? own : all;
}

bool mt_scopes_totals_is_current(const struct mt_scope_totals *r) {
    /* Acquire: a record that its thread has made zero is zero. */
    return mt_load_acquire(&r->epoch) >= mt_scopes_totals_epoch(r->group);
}

/* The new epoch is stored where it belongs before it is announced, so that whoever has seen it has
 * seen of what it is. The caller has the lock. */
static uint64_t next_epoch(void) {
    return mt_state.header->control.scopes_epoch + 1;
}

static void announce(uint64_t epoch) {
    mt_store_release(&mt_state.header->control.scopes_epoch, epoch); /* see next_epoch */
}

int mt_scopes_totals_reset(mt_name_id group) {
    if (!mt_state_lock_growth())
        return -MEMTRACK_EBUSY;
    uint64_t epoch = next_epoch();
    mt_names_set_reset_epoch(group, epoch);
    announce(epoch);
    mt_state_unlock_growth();
    return 0;
}

void mt_scopes_totals_clear(void) {
    uint64_t epoch = next_epoch();
    struct mt_ledger_header *h = mt_state.header;
    /* Relaxed: events that come at this moment may be on either side. */
    mt_store_relaxed(&h->cleared_events, mt_load_relaxed(&h->n_events));
    mt_store_release(&h->scopes_clear_epoch, epoch); /* see next_epoch */
    announce(epoch);
}

MT_NOINLINE void mt_scopes_totals_renew(const struct mt_thread *t, struct mt_scope_totals *r) {
    uint64_t now = mt_load_acquire(&t->control->scopes_epoch); /* what it is of is seen */
    if (r->epoch < mt_scopes_totals_epoch(r->group))
        make_zero(r);
    mt_store_release(&r->epoch, now); /* whoever sees it sees the zeros */
    if (r->last_thread != t->bank->n_threads) {
        r->last_thread = t->bank->n_threads;
        r->n_threads++;
    }
}

/* What was said of its error belongs to it, and so to what it counts in, even if everything was
 * forgotten after that. */
MT_NOINLINE void mt_scopes_totals_look_failed(const struct mt_thread *t, struct mt_scope_totals *r,
                                              uint64_t begin_ns) {
    uint64_t said_ns = r->error_ns;
    look(t, r);
    if (r->error_ns == 0 && said_ns >= begin_ns)
        r->error_ns = said_ns;
}

/* ---- errors ---------------------------------------------------------------------------------- */

/* The text is written over where it lies: a reader may find a part of either, never more than there
 * is room for, and a NUL at the end. */
void mt_scopes_totals_keep_error(const struct mt_thread *t, struct mt_scope_totals *r,
                                 const char *why, uint64_t now_ns) {
    look(t, r);
    if (r->error_text == 0 && mt_state_lock_growth()) {
        r->error_text = (uint64_t)mt_writer_allocate_detail(&mt_state.ledger, MT_ERROR_BYTES, 8);
        mt_state_unlock_growth();
    }
    char *text = (char *)r->error_text;
    if (text == NULL) {
        mt_scopes_totals_drop();
        return;
    }
    bool is_over = false;
    for (int i = 0; i < MT_ERROR_BYTES - 1; i++) {
        is_over |= why[is_over ? 0 : i] == 0;
        text[i] = is_over ? 0 : why[i];
    }
    r->error_ns = now_ns;
}

/* ---- histograms ------------------------------------------------------------------------------ */

static bool grow(struct mt_scope_totals *r) {
    uint32_t capacity = r->capacity != 0 ? r->capacity * 2 : FIRST_CAPACITY;
    if (capacity > MOST_CAPACITY || !mt_state_lock_growth())
        return false;
    uint64_t *table = mt_writer_allocate_detail(&mt_state.ledger, capacity * sizeof *table, 64);
    mt_state_unlock_growth();
    if (table == NULL)
        return false;
    uint64_t *old = (uint64_t *)r->histogram;
    for (uint32_t i = 0; i < r->capacity; i++)
        if (old[i] != 0)
            *place(table, capacity, old[i]) = old[i];
    mt_store_pair(&r->histogram, (uint64_t)table, (uint64_t)r->used << 32 | capacity);
    return true;
}

MT_NOINLINE uint64_t *mt_scopes_totals_new_word(struct mt_scope_totals *r, uint64_t key) {
    if (r->used * 4 >= r->capacity * 3 && !grow(r))
        return NULL;
    uint64_t *word = place((uint64_t *)r->histogram, r->capacity, key);
    *word = key;
    r->used++;
    return word;
}

static void add_values(struct mt_scope_totals *r, const struct mt_scope_result *result) {
    const int64_t *v = result->value;
    bool is_idle = v[MT_SCOPE_ALLOCATED_BLOCKS] == 0 && v[MT_SCOPE_FREED_BYTES] == 0 &&
                   v[MT_SCOPE_PEAK_BYTES] == 0 && v[MT_SCOPE_NET_BYTES] == 0;
    bool has_cpu = mt_state.options.scope_cpu;
    r->idle += is_idle;
    for (int i = 0; i < MT_N_SCOPE_VALUES; i++) {
        sum_up(&r->value[i], v[i]);
        if (i == MT_SCOPE_CPU_NS ? has_cpu : i == MT_SCOPE_DURATION_NS || !is_idle)
            count(r, (enum mt_scope_value)i, v[i]);
    }
}

/* Adds a scope, whose values are in the sums already, to those that are sure. */
MT_NOINLINE static void add_sure(struct mt_scope_totals *r, const struct mt_scope_result *result) {
    r->sure.count++;
    r->sure.recursive += result->is_recursive;
    for (int i = 0; i < MT_N_SCOPE_VALUES; i++) {
        r->sure.own[i] += result->own[i];
        if (!result->is_recursive)
            r->sure.sum[i] += result->value[i];
    }
}

void mt_scopes_totals_add(struct mt_thread *t, struct mt_scope_totals *r,
                          const struct mt_scope_result *result) {
    if (mt_unlikely(r == NULL)) {
        mt_scopes_totals_drop();
        return;
    }
    if (mt_unlikely(result->is_failed))
        mt_scopes_totals_look_failed(
            t, r, result->end_ns - (uint64_t)result->value[MT_SCOPE_DURATION_NS]);
    else
        look(t, r);
    r->count++;
    r->errors += result->is_failed;
    r->misuses += result->is_misuse;
    for (int i = 0; i < MT_N_SCOPE_VALUES; i++)
        r->value[i].own += result->own[i];
    if (result->is_sure)
        add_sure(r, result);
    if (result->is_recursive) {
        r->recursive++;
        return;
    }
    add_values(r, result);
    note_latest(r, result->before_bytes, result->after_bytes, result->end_ns);
}

void mt_scopes_totals_add_time(struct mt_thread *t, struct mt_scope_totals *r,
                               int64_t duration_ns) {
    struct mt_scope_sums *s = &r->value[MT_SCOPE_DURATION_NS];
    look(t, r);
    r->count++;
    count_idle(r);
    if (__builtin_add_overflow(s->own, duration_ns, &s->own))
        s->own = INT64_MAX;
    sum_up(s, duration_ns);
    count(r, MT_SCOPE_DURATION_NS, duration_ns);
    if (mt_unlikely(mt_state.options.scope_sample > 1)) {
        struct mt_scope_result result = {.value[MT_SCOPE_DURATION_NS] = duration_ns,
                                         .own[MT_SCOPE_DURATION_NS] = duration_ns};
        add_sure(r, &result);
    }
}

/* ---- the walker ------------------------------------------------------------------------------ */

#ifdef MEMTRACK_CHECKS
const char *mt_scopes_totals_check(bool alone) {
    struct mt_limits limits = mt_limits_of(mt_state.header);
    uint32_t n = mt_state.header->n_scopes;
    const char *violation = n > 1 ? mt_writer_check_table(&record_table, n) : NULL;
    for (uint32_t id = 1; alone && violation == NULL && id < n; id++) {
        const struct mt_scope_totals *r = record_at(id);
        violation = mt_scope_totals_fault(r, &limits);
        if (violation == NULL && r->capacity != 0)
            violation = mt_histogram_fault(r, (const uint64_t *)r->histogram);
    }
    return violation != NULL ? violation : mt_index_check(&records, n);
}
#endif
