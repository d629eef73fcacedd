/* SPDX-License-Identifier: MIT */
/*
 * Site records lie in chunks of the ledger; each bank takes them in runs of its own, so that two
 * threads do not write to one cache line. (node, class, bank, origin) -> record goes through an
 * index in private memory, with a small cache per thread in front of it. A thread that follows
 * another one in its bank has records of its own, since it is another origin; the former thread's
 * are then written by it, as the bank's, when it frees blocks of them.
 */
#include "track/tables/sites.h"

#include "base/pages.h"
#include "ledger/invariants.h"
#include "ledger/writer/check.h"
#include "track/ground/closed.h"
#include "track/ground/index.h"
#include "track/ground/state.h"

enum {
    MAX_CHUNKS = (1 << MT_SITE_BITS) / MT_SITES_PER_CHUNK,
    RUN = 64,
    SHORT_RUN = 4,
    KEPT = 4 * RUN
};

void *mt_sites_chunk[MAX_CHUNKS] MT_PAGES_CLOSED;
static struct mt_table table =
    MT_TABLE(mt_sites_chunk, struct mt_site, MT_SITES_PER_CHUNK, MT_EXTENT_SITES, 64);
static struct mt_index sites;

/* Says where a bank takes its next record, and which record its thread falls back to. */
struct bank_run {
    uint64_t range; /* end (32), next (32): changed by one store */
    mt_site_id lossy;
    mt_thread_id lossy_of; /* the thread that the record was made for */
};
static struct bank_run *run_of; /* MT_MAX_BANKS of them, in private memory */

/* The records of a thread: its own, and those of threads that have freed its blocks. */
static struct origin {
    mt_site_id first_site;
    uint32_t n_sites;
} * origins; /* MT_MAX_THREADS of them, in private memory */

static mt_site_id next_of(const struct bank_run *r) {
    return (uint32_t)r->range;
}

static bool is_used_up(const struct bank_run *r) {
    return (uint32_t)r->range == (uint32_t)(r->range >> 32);
}

static uint64_t hash(mt_node_id node, uint8_t size_class, uint32_t bank, uint32_t origin) {
    return mt_index_mix((uint64_t)node << 32 | (uint64_t)bank << 16 | origin, size_class);
}

static uint64_t hash_of(uint32_t id) {
    const struct mt_site *s = mt_sites_at(id);
    return hash(s->node, s->size_class, s->bank, s->origin);
}

bool mt_sites_start(void) {
    mt_table_start(&table);
    return mt_closed_start((void **)&run_of, sizeof *run_of * MT_MAX_BANKS) &&
           mt_closed_start((void **)&origins, sizeof *origins * MT_MAX_THREADS) &&
           mt_sites_reserve_origin(MT_THREAD_OTHERS) && mt_index_start(&sites, hash_of) &&
           mt_table_reserve(&mt_state.ledger, &table, 0);
}

void mt_sites_forget(struct mt_sites_part *part) {
    for (uint32_t i = 0; i < MT_SITE_CACHE; i++)
        part->own[i] = 0;
    for (uint32_t i = 0; i < MT_FOREIGN_CACHE; i++)
        part->foreign[i] = 0;
}

/* ---- whose they are -------------------------------------------------------------------------- */

bool mt_sites_reserve_bank(uint32_t bank) {
    return mt_closed_open(run_of, bank + 1);
}

bool mt_sites_reserve_origin(mt_thread_id origin) {
    return mt_closed_open(origins, origin + 1);
}

uint32_t mt_sites_count_of(mt_thread_id origin) {
    return origins[origin].n_sites;
}

mt_site_id mt_sites_first_of(mt_thread_id origin) {
    return origins[origin].first_site;
}

static void add_to_origin(mt_thread_id origin, mt_site_id id) {
    struct origin *o = &origins[origin];
    mt_sites_at(id)->next_of_origin = o->first_site;
    o->first_site = id;
    o->n_sites++;
}

/* ---- making ---------------------------------------------------------------------------------- */

/* Returns how many records a new run has. When the last chunk is nearly used up and there is no
 * other, the rest is for threads that have nothing yet. */
static uint32_t length_of_run(mt_site_id first, bool is_banks_first) {
    uint32_t left = MT_SITES_PER_CHUNK - first % MT_SITES_PER_CHUNK;
    if (left > KEPT || mt_table_reserve(&mt_state.ledger, &table, first + left))
        return RUN;
    return is_banks_first ? SHORT_RUN : 0;
}

/* Gives a bank a new run. Returns false when there is no room. The first run begins at 1, since 0
 * is no site. */
static bool new_run(struct bank_run *r) {
    struct mt_ledger_header *h = mt_state.header;
    mt_site_id first = h->n_sites == 1 ? 0 : h->n_sites;
    if (!mt_table_reserve(&mt_state.ledger, &table, first))
        return false;
    uint32_t length = length_of_run(first, r->lossy == 0);
    if (length == 0)
        return false;
    mt_store_release(&h->n_sites, first + length); /* this comes first: nobody else gets this run */
    r->range = (uint64_t)(first + length) << 32 | (first == 0 ? 1 : first);
    return true;
}

static mt_site_id take(struct bank_run *r, mt_node_id node, uint8_t size_class, uint32_t bank,
                       uint32_t origin) {
    mt_site_id id = next_of(r);
    r->range++;
    struct mt_site *s = mt_sites_at(id);
    s->bank = (uint16_t)bank;
    s->origin = (uint16_t)origin;
    s->size_class = size_class;
    add_to_origin(origin, id);
    mt_store_release(&s->node, node); /* a record with a node is whole */
    return id;
}

static mt_site_id find(uint64_t h, mt_node_id node, uint8_t size_class, uint32_t bank,
                       uint32_t origin) {
    const struct mt_index_table *t = mt_load_acquire(&sites.table); /* all its slots are seen */
    uint32_t at = mt_index_home(t, h);
    mt_site_id id;
    while ((id = mt_index_candidate(t, h, &at)) != 0) {
        const struct mt_site *s = mt_sites_at(id);
        if (s->node == node && s->size_class == size_class && s->bank == bank &&
            s->origin == origin)
            return id;
    }
    return 0;
}

/* Takes a record from the end of another bank's run, so that a thread that comes when there is no
 * room has its totals. Returns false when there is none. */
static bool borrow(struct bank_run *r) {
    for (uint32_t bank = 1; bank < mt_state.header->n_banks; bank++) {
        struct bank_run *other = &run_of[bank];
        if (other->lossy != 0 && !is_used_up(other)) {
            uint64_t end = other->range >> 32;
            other->range -= UINT64_C(1) << 32;
            r->range = end << 32 | (end - 1);
            return true;
        }
    }
    return false;
}

static bool has_room(struct bank_run *r) {
    return !is_used_up(r) || new_run(r) || (r->lossy == 0 && borrow(r));
}

/* Makes a new record, and puts it into the index. Returns 0 when there is no room. A lossy record
 * that the index has no room for is made all the same, since its thread knows it. */
static mt_site_id make(uint64_t h, mt_node_id node, uint8_t size_class, uint32_t bank,
                       uint32_t origin) {
    struct bank_run *r = &run_of[bank];
    bool is_indexed = mt_index_reserve(&sites);
    if ((!is_indexed && node != MT_NODE_LOSSY) || !has_room(r))
        return 0;
    mt_site_id id = take(r, node, size_class, bank, origin);
    if (is_indexed)
        mt_index_insert(&sites, h, id);
    return id;
}

/* Returns the thread's lossy record, which is made before its first other record, for when nothing
 * else is to be had. If it cannot be made, another thread's is better than none. */
static mt_site_id lossy_record(struct mt_thread *t) {
    struct bank_run *r = &run_of[t->bank_id];
    if (r->lossy != 0 && r->lossy_of == t->thread_id)
        return r->lossy;
    uint64_t h = hash(MT_NODE_LOSSY, 0, t->bank_id, t->thread_id);
    mt_site_id id = find(h, MT_NODE_LOSSY, 0, t->bank_id, t->thread_id);
    if (id == 0)
        id = make(h, MT_NODE_LOSSY, 0, t->bank_id, t->thread_id);
    if (id == 0)
        return r->lossy;
    r->lossy_of = t->thread_id;
    return r->lossy = id;
}

static mt_site_id add(struct mt_thread *t, uint64_t h, mt_node_id node, uint8_t size_class,
                      uint32_t origin) {
    mt_site_id lossy = lossy_record(t);
    if (node == MT_NODE_LOSSY && origin == t->thread_id)
        return lossy;
    mt_site_id id = make(h, node, size_class, t->bank_id, origin);
    return id != 0 ? id : lossy;
}

static mt_site_id find_or_add(struct mt_thread *t, mt_node_id node, uint8_t size_class,
                              uint32_t origin) {
    uint64_t h = hash(node, size_class, t->bank_id, origin);
    mt_site_id id = find(h, node, size_class, t->bank_id, origin);
    if (mt_likely(id != 0))
        return id;
    if (!mt_state_lock_growth())
        return run_of[t->bank_id].lossy;
    id = find(h, node, size_class, t->bank_id, origin);
    if (id == 0)
        id = add(t, h, node, size_class, origin);
    mt_state_unlock_growth();
    return id;
}

mt_site_id mt_sites_of_others(struct mt_thread *t, mt_node_id node, uint8_t size_class) {
    uint64_t h = hash(node, size_class, t->bank_id, MT_THREAD_OTHERS);
    mt_site_id id = find(h, node, size_class, t->bank_id, MT_THREAD_OTHERS);
    return id != 0 ? id : make(h, node, size_class, t->bank_id, MT_THREAD_OTHERS);
}

MT_NOINLINE void mt_sites_clear(struct mt_site *s) {
    s->counters = (struct mt_counters){0};
    s->max_bytes = s->waste_bytes = 0;
}

mt_site_id mt_sites_find(struct mt_thread *t, mt_node_id node, uint8_t size_class) {
    if (mt_unlikely(node == MT_NODE_LOSSY))
        size_class = 0;
    mt_site_id id = find_or_add(t, node, size_class, t->thread_id);
    if (mt_sites_at(id)->node == node)
        t->sites.own[(node + size_class * 37u) % MT_SITE_CACHE] =
            ((uint64_t)node << 7 | size_class) << MT_SITE_BITS | id;
    return id;
}

mt_site_id mt_sites_find_foreign(struct mt_thread *t, mt_site_id of) {
    const struct mt_site *s = mt_sites_at(of);
    mt_site_id id = find_or_add(t, s->node, s->size_class, s->origin);
    if (mt_sites_at(id)->node == s->node)
        t->sites.foreign[of % MT_FOREIGN_CACHE] = (uint64_t)of << MT_SITE_BITS | id;
    return id;
}

/* ---- the walker ------------------------------------------------------------------------------ */

#ifdef MEMTRACK_CHECKS
const char *mt_sites_check(bool alone) {
    struct mt_limits limits = mt_limits_of(mt_state.header);
    const char *violation = mt_writer_check_table(&table, limits.n_sites);
    for (mt_site_id id = 1; violation == NULL && id < limits.n_sites; id++) {
        const struct mt_site *s = mt_sites_at(id);
        if (s->node == MT_NODE_ROOT)
            continue;
        if (alone)
            violation = mt_site_fault(s, &limits);
        mt_site_id found = find(hash_of(id), s->node, s->size_class, s->bank, s->origin);
        MT_MUST(mt_state_once(found == id || s->node == MT_NODE_LOSSY),
                "sites: one cannot be found, or is there twice");
    }
    return violation != NULL ? violation : mt_index_check(&sites, limits.n_sites);
}
#endif
