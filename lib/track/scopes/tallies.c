/* SPDX-License-Identifier: MIT */
/*
 * A figure is one record for all threads, which change its words by atomic instructions: a sum of
 * eight threads is exact, and whoever reads it has the latest value without adding anything up. An
 * index in private memory, made with the first figure, finds the record by name and kind.
 *
 * A cache changes a million times a second, and the ring of events is for scopes, too. So what is
 * added is an event once a millisecond at most; the record has the value of now, and readers put it
 * behind the events.
 *
 * Rejected: a record for each thread, as scopes have, since the highest value is not the sum of the
 * highest of each thread.
 */
#include "track/scopes/tallies.h"

#include "base/pages.h"
#include "ledger/invariants.h"
#include "ledger/writer/check.h"
#include "memtrack/error.h"
#include "track/ground/index.h"
#include "track/ground/state.h"
#include "track/scopes/timeline.h"
#include "track/scopes/totals.h"
#include "track/tables/names.h"

#include <time.h>

enum { MAX_CHUNKS = MT_MAX_TALLIES / MT_TALLIES_PER_CHUNK };
#define EVENT_EVERY_NS UINT64_C(1000000)

static void *chunk[MAX_CHUNKS] MT_PAGES_CLOSED;
static struct mt_table table =
    MT_TABLE(chunk, struct mt_tally, MT_TALLIES_PER_CHUNK, MT_EXTENT_TALLIES, 64);
static struct mt_index tallies;

static struct mt_tally *tally_at(uint32_t id) {
    return mt_table_item(chunk, struct mt_tally, MT_TALLIES_PER_CHUNK, id);
}

static uint64_t hash(mt_name_id name, uint32_t kind) {
    return mt_index_mix(name, kind);
}

static uint64_t hash_of(uint32_t id) {
    return hash(tally_at(id)->name, tally_at(id)->kind);
}

void mt_tallies_start(void) {
    mt_table_start(&table);
    mt_state.header->n_tallies = 1;
    mt_index_end(&tallies);
}

/* ---- records --------------------------------------------------------------------------------- */

static struct mt_tally *find(uint64_t h, mt_name_id name, uint32_t kind) {
    const struct mt_index_table *index = mt_load_acquire(&tallies.table); /* its slots are seen */
    if (mt_unlikely(index == NULL))
        return NULL;
    uint32_t at = mt_index_home(index, h), id;
    while ((id = mt_index_candidate(index, h, &at)) != 0)
        if (tally_at(id)->name == name && tally_at(id)->kind == kind)
            return tally_at(id);
    return NULL;
}

static struct mt_tally *add_record(uint64_t h, mt_name_id name, uint32_t kind) {
    struct mt_ledger_header *header = mt_state.header;
    uint32_t id = header->n_tallies;
    if ((tallies.table == NULL && !mt_index_start(&tallies, hash_of)) || id >= MT_MAX_TALLIES ||
        !mt_table_reserve(&mt_state.ledger, &table, id) || !mt_index_reserve(&tallies))
        return NULL;
    struct mt_tally *g = tally_at(id);
    g->name = name;
    g->kind = kind;
    g->lowest = INT64_MAX;
    g->highest = INT64_MIN;
    mt_store_release(&header->n_tallies, id + 1); /* the record that it counts is whole */
    mt_index_insert(&tallies, h, id);
    return g;
}

static struct mt_tally *find_or_add(struct mt_thread *t, enum mt_tally_kind kind,
                                    const char *text) {
    mt_name_id name = mt_names_find(&t->names, text);
    uint64_t h = hash(name, kind);
    struct mt_tally *g = name != 0 ? find(h, name, kind) : NULL;
    if (mt_likely(g != NULL) || name == 0 || !mt_state_lock_growth())
        return g;
    g = find(h, name, kind);
    if (g == NULL)
        g = add_record(h, name, kind);
    mt_state_unlock_growth();
    return g;
}

/* ---- changes --------------------------------------------------------------------------------- */

/* Relaxed, all of it: each word is read alone, and of several threads the outermost value and the
 * latest time win. */
static void note_value(struct mt_tally *g, int64_t value, uint64_t now_ns) {
    int64_t lowest = mt_load_relaxed(&g->lowest), highest = mt_load_relaxed(&g->highest);
    uint64_t time_ns = mt_load_relaxed(&g->time_ns);
    while (value < lowest && !mt_replace_relaxed(&g->lowest, &lowest, value))
        ;
    while (value > highest && !mt_replace_relaxed(&g->highest, &highest, value))
        ;
    while (now_ns > time_ns && !mt_replace_relaxed(&g->time_ns, &time_ns, now_ns))
        ;
    mt_add_relaxed(&g->changes, 1);
}

/* Tells whether a change at this time is an event. Of two threads that come together, one has it. */
static bool is_event(struct mt_tally *g, uint64_t now_ns, bool always) {
    uint64_t last = mt_load_relaxed(&g->event_ns);
    if (always) {
        mt_store_relaxed(&g->event_ns, now_ns);
        return true;
    }
    return (last == 0 || now_ns >= last + EVENT_EVERY_NS) &&
           mt_replace_relaxed(&g->event_ns, &last, now_ns);
}

static void finish(struct mt_thread *t, struct mt_tally *g, int64_t value, bool always) {
    uint64_t now_ns = mt_os_clock_ns(CLOCK_MONOTONIC) - mt_state.header->start_monotonic_ns;
    note_value(g, value, now_ns);
    if (!is_event(g, now_ns, always))
        return;
    const struct mt_event e = {
        .kind = MT_EVENT_COUNTER, .value = value, .name = g->name, .time_ns = now_ns};
    mt_scopes_timeline_add(t, &e);
}

static int drop(void) {
    mt_add_relaxed(&mt_state.header->dropped_own, 1); /* this count is read alone */
    return -MEMTRACK_ELIMIT;
}

int mt_tallies_set(struct mt_thread *t, enum mt_tally_kind kind, const char *name, int64_t value,
                   bool always) {
    struct mt_tally *g = find_or_add(t, kind, name);
    if (g == NULL)
        return drop();
    mt_store_relaxed(&g->value, value);
    finish(t, g, value, always);
    return 0;
}

int mt_tallies_add(struct mt_thread *t, enum mt_tally_kind kind, const char *name, int64_t by) {
    struct mt_tally *g = find_or_add(t, kind, name);
    if (g == NULL)
        return drop();
    uint64_t before = (uint64_t)mt_add_relaxed(&g->value, by);
    finish(t, g, (int64_t)(before + (uint64_t)by), false);
    return 0;
}

int mt_tallies_answer(struct mt_thread *t, const char *name, const char *group,
                      uint64_t duration_ns) {
    mt_name_id id = mt_names_find(&t->names, name), group_id = mt_names_find(&t->names, group);
    struct mt_scope_totals *r =
        id != 0 && group_id != 0 ? mt_scopes_totals_find(t, id, group_id) : NULL;
    if (r == NULL)
        return drop();
    mt_scopes_totals_add_time(t, r, (int64_t)duration_ns);
    return 0;
}

/* ---- reading --------------------------------------------------------------------------------- */

/* Relaxed: each figure is as of some moment of the call. */
static memtrack_counter_row row_of(const struct mt_tally *g) {
    return (memtrack_counter_row){.name = mt_names_text(g->name),
                                  .value = mt_load_relaxed(&g->value),
                                  .lowest = mt_load_relaxed(&g->lowest),
                                  .highest = mt_load_relaxed(&g->highest),
                                  .changes = mt_load_relaxed(&g->changes)};
}

int mt_tallies_read(memtrack_counter_row *rows, uint32_t capacity) {
    uint32_t n = mt_load_acquire(&mt_state.header->n_tallies), n_counters = 0; /* they are whole */
    for (uint32_t id = 1; id < n; id++) {
        if (tally_at(id)->kind != MT_TALLY_COUNTER || mt_load_relaxed(&tally_at(id)->changes) == 0)
            continue;
        if (n_counters < capacity)
            rows[n_counters] = row_of(tally_at(id));
        n_counters++;
    }
    return (int)n_counters;
}

uint32_t mt_tallies_count(void) {
    return mt_load_acquire(&mt_state.header->n_tallies); /* those that it counts are whole */
}

bool mt_tallies_size(uint32_t number, uint32_t n, memtrack_counter_row *out) {
    *out = (memtrack_counter_row){.name = NULL};
    if (number >= n)
        return false;
    if (number != 0 && tally_at(number)->kind == MT_TALLY_CACHE)
        *out = row_of(tally_at(number));
    return true;
}

/* ---- the walker ------------------------------------------------------------------------------ */

#ifdef MEMTRACK_CHECKS
const char *mt_tallies_check(void) {
    struct mt_limits limits = mt_limits_of(mt_state.header);
    uint32_t n = mt_state.header->n_tallies;
    const char *violation = n > 1 ? mt_writer_check_table(&table, n) : NULL;
    for (uint32_t id = 1; violation == NULL && id < n; id++) {
        const struct mt_tally *g = tally_at(id);
        violation = mt_tally_fault(g, &limits);
        MT_MUST(violation != NULL || mt_state_once(find(hash_of(id), g->name, g->kind) == g),
                "counters: one cannot be found, or is there twice");
    }
    return violation != NULL || tallies.table == NULL ? violation : mt_index_check(&tallies, n);
}
#endif
