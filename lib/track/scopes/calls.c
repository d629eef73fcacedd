/* SPDX-License-Identifier: MIT */
/*
 * A node is a path of calls, outermost function first, in one bank, so it is written by one thread
 * and nothing here is atomic but its publication. Most calls are of the function that its caller
 * called last: each node remembers which that was.
 *
 *   main ── parse ── token           a node for each path; parse has its own numbers and token's,
 *      └─── token                    which are another node's where main calls it
 *
 * Paths can be as many as functions call each other in different ways (a recursive parser has no
 * end of them). What would be longer than MOST_DEPTH, or no longer has room, goes on below a node
 * that stands for any call of the caller (is_cut): who called whom stays exact, and what is lost is
 * the path further out.
 *
 *   a ── b ── … ── y                 y is at the limit and calls z
 *   y (any call) ── z
 *
 * Rejected: pairs of caller and function alone, as gprof has them (whose time it was is then a
 * guess as soon as a function has two callers); folding recursion into the node further out (a
 * function is then never seen to call itself).
 */
#include "track/scopes/calls.h"

#include "base/pages.h"
#include "ledger/invariants.h"
#include "ledger/writer/check.h"
#include "ledger/writer/table.h"
#include "track/ground/index.h"

enum { MAX_CHUNKS = MT_MAX_CALLS / MT_CALLS_PER_CHUNK, MOST_DEPTH = 128, MOST_PATHS = 1 << 17 };

static void *chunk[MAX_CHUNKS] MT_PAGES_CLOSED;
static struct mt_table table =
    MT_TABLE(chunk, struct mt_call, MT_CALLS_PER_CHUNK, MT_EXTENT_CALLS, 64);
static struct mt_index calls;

static struct mt_call *node_at(uint32_t id) {
    return mt_table_item(chunk, struct mt_call, MT_CALLS_PER_CHUNK, id);
}

static uint64_t hash(const struct mt_call *c) {
    return mt_index_mix((uint64_t)c->name << 32 | c->parent, (uint64_t)c->bank << 1 | c->is_cut);
}

static uint64_t hash_of(uint32_t id) {
    return hash(node_at(id));
}

bool mt_scopes_calls_start(void) {
    mt_table_start(&table);
    mt_state.header->n_calls = 1;
    return mt_index_start(&calls, hash_of);
}

static uint32_t find(uint64_t h, const struct mt_call *wanted) {
    const struct mt_index_table *index = mt_load_acquire(&calls.table); /* its slots are seen */
    uint32_t at = mt_index_home(index, h), id;
    while ((id = mt_index_candidate(index, h, &at)) != 0) {
        const struct mt_call *c = node_at(id);
        if (c->name == wanted->name && c->parent == wanted->parent && c->bank == wanted->bank &&
            c->is_cut == wanted->is_cut)
            return id;
    }
    return 0;
}

static uint32_t add(uint64_t h, const struct mt_call *wanted) {
    struct mt_ledger_header *header = mt_state.header;
    uint32_t id = header->n_calls;
    if (id >= MT_MAX_CALLS || !mt_table_reserve(&mt_state.ledger, &table, id) ||
        !mt_index_reserve(&calls))
        return 0;
    *node_at(id) = *wanted;
    node_at(id)->epoch = mt_load_relaxed(&header->control.scopes_epoch);
    mt_store_release(&header->n_calls, id + 1); /* the node that it counts is whole */
    mt_index_insert(&calls, h, id);
    return id;
}

static uint32_t find_or_add(const struct mt_call *wanted) {
    uint64_t h = hash(wanted);
    uint32_t id = find(h, wanted);
    if (id == 0 && mt_state_lock_growth()) {
        id = add(h, wanted); /* no other thread adds nodes of this bank */
        mt_state_unlock_growth();
    }
    return id;
}

static bool is_at_limit(uint32_t caller) {
    return caller != 0 && (node_at(caller)->depth >= MOST_DEPTH ||
                           mt_load_relaxed(&mt_state.header->n_calls) >= MOST_PATHS);
}

static uint32_t any_call_of(struct mt_thread *t, mt_name_id name) {
    struct mt_call wanted = {.name = name, .bank = (uint16_t)t->bank_id, .is_cut = 1};
    return find_or_add(&wanted);
}

MT_NOINLINE static uint32_t learn(struct mt_thread *t, uint32_t caller, mt_name_id name) {
    struct mt_call wanted = {.name = name, .parent = caller, .bank = (uint16_t)t->bank_id};
    uint32_t id = find(hash(&wanted), &wanted);
    if (id == 0 && is_at_limit(caller) && !node_at(caller)->is_cut) {
        wanted.parent = caller = any_call_of(t, node_at(caller)->name);
        if (caller == 0)
            return 0;
    }
    if (id == 0) {
        wanted.depth = (uint16_t)(caller != 0 ? node_at(caller)->depth + 1 : 0);
        id = find_or_add(&wanted);
    }
    if (id != 0 && caller != 0)
        node_at(caller)->latest = id;
    else if (caller == 0)
        t->scopes.root = id;
    return id;
}

uint32_t mt_scopes_calls_enter(struct mt_thread *t, uint32_t caller, mt_name_id name) {
    uint32_t latest = caller != 0 ? node_at(caller)->latest : t->scopes.root;
    return mt_likely(latest != 0 && node_at(latest)->name == name) ? latest
                                                                   : learn(t, caller, name);
}

/* What was forgotten is still there, and is of now no more: see struct mt_scope_totals. */
MT_NOINLINE static void meet_epoch(struct mt_thread *t, struct mt_call *c) {
    uint64_t now = mt_load_acquire(&t->control->scopes_epoch); /* what it is of is seen */
    if (c->epoch < mt_scopes_totals_epoch(0)) {
        c->count = c->outermost = 0;
        for (int i = 0; i < MT_N_CALL_VALUES; i++)
            c->sum[i] = c->own[i] = 0;
    }
    mt_store_release(&c->epoch, now); /* whoever sees it sees the zeros */
}

/* Returns the node of a call that ends, which is counted; NULL when it has none. */
static struct mt_call *count(struct mt_thread *t, const struct mt_open_scope *f) {
    if (mt_unlikely(f->call == 0)) {
        mt_scopes_totals_drop();
        return NULL;
    }
    struct mt_call *c = node_at(f->call);
    if (mt_unlikely(c->epoch != mt_load_part(&t->control->scopes_epoch)))
        meet_epoch(t, c);
    c->count++;
    c->outermost += !f->is_recursive;
    return c;
}

static inline bool is_known(const struct mt_thread *t, const struct mt_open_scope *f) {
    return f->call != 0 && node_at(f->call)->epoch == mt_load_part(&t->control->scopes_epoch);
}

/* Wraps around, where a multiple of what a program has measured is no number any more. */
static inline void add_to(int64_t *sum, int64_t value, uint64_t weight) {
    *sum = (int64_t)((uint64_t)*sum + (uint64_t)value * weight);
}

void mt_scopes_calls_add(struct mt_thread *t, const struct mt_open_scope *f,
                         const struct mt_scope_result *result, uint64_t weight) {
    static const uint8_t from[MT_N_CALL_VALUES] = {
        [MT_CALL_DURATION_NS] = MT_SCOPE_DURATION_NS,
        [MT_CALL_NET_BYTES] = MT_SCOPE_NET_BYTES,
        [MT_CALL_ALLOCATED_BYTES] = MT_SCOPE_ALLOCATED_BYTES,
        [MT_CALL_ALLOCATED_BLOCKS] = MT_SCOPE_ALLOCATED_BLOCKS,
    };
    struct mt_call *c = count(t, f);
    for (int i = 0; c != NULL && i < MT_N_CALL_VALUES; i++) {
        add_to(&c->own[i], result->own[from[i]], weight);
        if (!f->is_recursive)
            add_to(&c->sum[i], result->value[from[i]], weight);
    }
}

void mt_scopes_calls_add_unmeasured(struct mt_thread *t, const struct mt_open_scope *f) {
    count(t, f);
}

static inline __attribute__((always_inline)) void
add_time(struct mt_call *c, const struct mt_open_scope *f, int64_t duration_ns) {
    c->own[MT_CALL_DURATION_NS] += duration_ns - f->inner[MT_SCOPE_DURATION_NS];
    if (!f->is_recursive)
        c->sum[MT_CALL_DURATION_NS] += duration_ns;
}

MT_NOINLINE static void add_idle_anew(struct mt_thread *t, const struct mt_open_scope *f,
                                      int64_t duration_ns) {
    struct mt_call *c = count(t, f);
    if (c != NULL)
        add_time(c, f, duration_ns);
}

void mt_scopes_calls_add_idle(struct mt_thread *t, const struct mt_open_scope *f,
                              int64_t duration_ns) {
    if (mt_unlikely(!is_known(t, f))) {
        add_idle_anew(t, f, duration_ns);
        return;
    }
    struct mt_call *c = node_at(f->call);
    c->count++;
    c->outermost += !f->is_recursive;
    add_time(c, f, duration_ns);
}

/* ---- the walker ------------------------------------------------------------------------------ */

#ifdef MEMTRACK_CHECKS
const char *mt_scopes_calls_check(void) {
    struct mt_limits limits = mt_limits_of(mt_state.header);
    uint32_t n = mt_state.header->n_calls;
    const char *violation = n > 1 ? mt_writer_check_table(&table, n) : NULL;
    for (uint32_t id = 1; violation == NULL && id < n; id++)
        violation = mt_call_fault(node_at(id), id, &limits);
    return violation != NULL ? violation : mt_index_check(&calls, n);
}
#endif
