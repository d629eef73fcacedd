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
#include "track/ground/index.h"
#include "track/ground/state.h"

enum { MAX_CHUNKS = 16384, FIRST_CAPACITY = 32, MOST_CAPACITY = 1 << 16 };

static void *chunk[MAX_CHUNKS] MT_PAGES_CLOSED;
static struct mt_table record_table =
    MT_TABLE(chunk, struct mt_scope_totals, MT_SCOPES_PER_CHUNK, MT_EXTENT_SCOPES, 64);
static struct mt_index records;

static struct mt_scope_totals *record_at(uint32_t id) {
    return mt_table_item(chunk, struct mt_scope_totals, MT_SCOPES_PER_CHUNK, id);
}

static uint64_t hash(mt_name_id name, uint32_t bank, bool is_process) {
    return mt_index_mix((uint64_t)name << 32 | bank, is_process);
}

static uint64_t hash_of(uint32_t id) {
    const struct mt_scope_totals *r = record_at(id);
    return hash(r->name, r->bank, r->is_process != 0);
}

bool mt_scopes_totals_start(void) {
    mt_table_start(&record_table);
    mt_state.header->n_scopes = 1;
    return mt_index_start(&records, hash_of);
}

void mt_scopes_totals_forget(struct mt_totals_part *part) {
    for (uint32_t i = 0; i < MT_SCOPE_CACHE; i++)
        part->known[i].totals = NULL;
}

void mt_scopes_totals_drop(void) {
    mt_add_relaxed(&mt_state.header->dropped_scopes, 1); /* this count is read alone */
}

/* ---- records --------------------------------------------------------------------------------- */

static struct mt_scope_totals *add_record(uint64_t h, struct mt_thread *t, mt_name_id name,
                                          bool is_process) {
    struct mt_ledger_header *header = mt_state.header;
    uint32_t id = header->n_scopes;
    if (!mt_table_reserve(&mt_state.ledger, &record_table, id) || !mt_index_reserve(&records))
        return NULL;
    struct mt_scope_totals *r = record_at(id);
    r->bank = (uint16_t)t->bank_id;
    r->is_process = is_process;
    for (int i = 0; i < MT_N_SCOPE_VALUES; i++)
        r->max[i] = INT64_MIN;
    r->name = name;
    mt_store_release(&header->n_scopes, id + 1); /* the record that it counts is whole */
    mt_index_insert(&records, h, id);
    return r;
}

static struct mt_scope_totals *find(uint64_t h, struct mt_thread *t, mt_name_id name,
                                    bool is_process) {
    const struct mt_index_table *index = mt_load_acquire(&records.table); /* its slots are seen */
    uint32_t at = mt_index_home(index, h), id;
    while ((id = mt_index_candidate(index, h, &at)) != 0) {
        struct mt_scope_totals *r = record_at(id);
        if (r->name == name && r->bank == t->bank_id && (r->is_process != 0) == is_process)
            return r;
    }
    return NULL;
}

static struct mt_scope_totals *find_or_add(struct mt_thread *t, mt_name_id name, bool is_process) {
    uint64_t h = hash(name, t->bank_id, is_process);
    struct mt_scope_totals *r = find(h, t, name, is_process);
    if (r == NULL && mt_state_lock_growth()) {
        r = add_record(h, t, name, is_process); /* no other thread adds records of this bank */
        mt_state_unlock_growth();
    }
    return r;
}

/* Returns the record of a name, and counts the thread in it, once. The record is the bank's, which
 * passes from thread to thread. */
static struct mt_scope_totals *find_for(struct mt_thread *t, mt_name_id name, bool is_process) {
    struct mt_scope_totals *r = find_or_add(t, name, is_process);
    if (r != NULL && r->last_thread != t->bank->n_threads) {
        r->last_thread = t->bank->n_threads;
        r->n_threads++;
    }
    return r;
}

MT_NOINLINE static struct mt_known_scope *remember(struct mt_thread *t, mt_name_id name) {
    struct mt_scope_totals *r = find_for(t, name, false);
    struct mt_known_scope *known = &t->totals.known[name % MT_SCOPE_CACHE];
    if (r == NULL)
        return NULL;
    *known = (struct mt_known_scope){.totals = r};
    return known;
}

static inline struct mt_known_scope *known_scope(struct mt_thread *t, mt_name_id name) {
    struct mt_known_scope *known = &t->totals.known[name % MT_SCOPE_CACHE];
    return mt_likely(known->totals != NULL && known->totals->name == name) ? known
                                                                           : remember(t, name);
}

/* ---- histograms ------------------------------------------------------------------------------ */

static uint64_t *place(uint64_t *table, uint32_t capacity, uint64_t key) {
    uint32_t i = (uint32_t)(((key >> MT_BUCKET_SHIFT) * UINT64_C(0x9E3779B97F4A7C15)) >> 32) &
                 (capacity - 1);
    while (table[i] != 0 && (table[i] ^ key) >> MT_BUCKET_SHIFT != 0)
        i = (i + 1) & (capacity - 1);
    return &table[i];
}

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

/* Makes a bucket that nothing has fallen into yet. Returns NULL when there is no room. */
MT_NOINLINE static uint64_t *new_word(struct mt_known_scope *known, uint64_t key) {
    struct mt_scope_totals *r = known->totals;
    if (r->used * 4 >= r->capacity * 3) {
        if (!grow(r))
            return NULL;
        for (int i = 0; i < MT_N_SCOPE_VALUES; i++)
            known->word[i] = NULL; /* it was in the old table */
    }
    uint64_t *word = place((uint64_t *)r->histogram, r->capacity, key);
    *word = key;
    r->used++;
    return word;
}

static inline void count(struct mt_known_scope *known, enum mt_scope_value value, int64_t amount) {
    uint64_t key = (uint64_t)value << MT_BUCKET_VALUE_SHIFT |
                   (amount < 0 ? MT_BUCKET_NEGATIVE : 0) |
                   (uint64_t)mt_bucket_of(amount < 0 ? -(uint64_t)amount : (uint64_t)amount)
                       << MT_BUCKET_SHIFT;
    const struct mt_scope_totals *r = known->totals;
    uint64_t *word = known->word[value];
    if (word == NULL || (*word ^ key) >> MT_BUCKET_SHIFT != 0)
        word = r->capacity != 0 ? place((uint64_t *)r->histogram, r->capacity, key) : NULL;
    if (mt_unlikely(word == NULL || *word == 0) && (word = new_word(known, key)) == NULL) {
        mt_scopes_totals_drop();
        return;
    }
    ++*word;
    known->word[value] = word;
}

/* Counts a scope that has nothing but times. Its other values are zero, which is news only for a
 * maximum that has been below zero. */
static void count_idle(struct mt_scope_totals *r) {
    if (mt_unlikely(r->idle++ == 0))
        for (int i = 0; i < MT_N_SCOPE_VALUES; i++)
            if (r->max[i] < 0)
                r->max[i] = 0;
}

static void add(struct mt_known_scope *known, const struct mt_scope_result *result) {
    struct mt_scope_totals *r = known->totals;
    const int64_t *v = result->value;
    bool is_idle = v[MT_SCOPE_ALLOCATED_BLOCKS] == 0 && v[MT_SCOPE_FREED_BYTES] == 0 &&
                   v[MT_SCOPE_PEAK_BYTES] == 0 && v[MT_SCOPE_NET_BYTES] == 0;
    bool has_cpu = mt_state.options.scope_cpu;
    r->count++;
    r->errors += result->is_error;
    if (is_idle)
        count_idle(r);
    for (int i = 0; i < MT_N_SCOPE_VALUES; i++) {
        r->sum[i] += v[i];
        r->own[i] += result->own[i];
        if (v[i] > r->max[i])
            r->max[i] = v[i];
        if (i == MT_SCOPE_CPU_NS ? has_cpu : i == MT_SCOPE_DURATION_NS || !is_idle)
            count(known, (enum mt_scope_value)i, v[i]);
    }
}

void mt_scopes_totals_add(struct mt_thread *t, const struct mt_scope_result *result) {
    struct mt_known_scope *known, of_process = {0};
    if (result->is_process) {
        of_process.totals = find_for(t, result->name, true);
        known = of_process.totals != NULL ? &of_process : NULL;
    } else {
        known = known_scope(t, result->name);
    }
    if (known != NULL)
        add(known, result);
    else
        mt_scopes_totals_drop();
}

void mt_scopes_totals_add_idle(struct mt_thread *t, mt_name_id name, int64_t duration_ns,
                               int64_t own_ns) {
    struct mt_known_scope *known = known_scope(t, name);
    if (known == NULL) {
        mt_scopes_totals_drop();
        return;
    }
    struct mt_scope_totals *r = known->totals;
    r->count++;
    count_idle(r);
    r->sum[MT_SCOPE_DURATION_NS] += duration_ns;
    r->own[MT_SCOPE_DURATION_NS] += own_ns;
    if (duration_ns > r->max[MT_SCOPE_DURATION_NS])
        r->max[MT_SCOPE_DURATION_NS] = duration_ns;
    count(known, MT_SCOPE_DURATION_NS, duration_ns);
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
