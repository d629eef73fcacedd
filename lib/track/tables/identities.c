/* SPDX-License-Identifier: MIT */
/*
 * A thread is a row for as long as there is room. A site carries the thread that allocated as its
 * origin, so a row is no more than a name and an id; what costs memory is that each thread has
 * sites of its own. So the rows of ended threads are bounded in number, and in the sites that they
 * have. When there are more, the oldest row of the same bank of which nothing lives any more is
 * folded: what its sites have counted is added to those of MT_THREAD_OTHERS, they begin at zero
 * again, and the next thread of the bank has them, and the id.
 *
 *   bank ─► current      the thread that owns it
 *        └► oldest ─► … ─► newest      ended, each with a list of its sites: its own, and
 *                                      those of who freed its blocks
 *
 * Why this is right. The id comes free only where each block of the thread has been freed and
 * counted, so nothing in the live table refers to its sites, and no other thread changes those that
 * it wrote about them: none of its blocks is there to be freed. The sums over all rows do not
 * change, at the peak neither (see fold). A thread of which something lives keeps its row, and
 * where no row comes free the new thread counts as one of the others from the start.
 *
 * It is cheap: sites are looked at when a thread of the bank has ended and there are too many rows,
 * once for each. Rejected: a row per bank (three threads, one after the other, under the name of
 * the first), folding by the reader (the ledger would grow by the sites of a million threads), and
 * sites of an ended thread that change their origin (live blocks of two threads would be told apart
 * no more, and the index could not find them).
 */
#include "track/tables/identities.h"

#include "base/pages.h"
#include "ledger/invariants.h"
#include "ledger/writer/check.h"
#include "track/ground/closed.h"
#include "track/ground/state.h"
#include "track/tables/banks.h"
#include "track/tables/sites.h"

#include <sys/prctl.h>

enum {
    MAX_CHUNKS = MT_MAX_THREADS / MT_THREADS_PER_CHUNK,
    MOST_ENDED = 1024,        /* rows of threads that have ended */
    MOST_ENDED_SITES = 65536, /* sites of all of these, which take 6 MiB */
    TRIES = 4,                /* rows that are looked at for one that can be folded */
    NAME_BYTES = 16,
};

struct of_bank {
    uint16_t current, oldest, newest; /* 0: none */
};

static void *chunk[MAX_CHUNKS] MT_PAGES_CLOSED;
static struct mt_table table =
    MT_TABLE(chunk, struct mt_thread_row, MT_THREADS_PER_CHUNK, MT_EXTENT_THREADS, 64);
/* For each of MT_MAX_THREADS threads, the next of the same bank that has ended; private memory. */
static uint16_t *next_of;
static struct of_bank *banks; /* MT_MAX_BANKS of them, in private memory */
static uint32_t n_ended, n_ended_sites;

static struct mt_thread_row *row_at(mt_thread_id id) {
    return mt_table_item(chunk, struct mt_thread_row, MT_THREADS_PER_CHUNK, id);
}

bool mt_identities_start(void) {
    mt_table_start(&table);
    n_ended = n_ended_sites = 0;
    if (!mt_closed_start((void **)&next_of, sizeof *next_of * MT_MAX_THREADS) ||
        !mt_closed_start((void **)&banks, sizeof *banks * MT_MAX_BANKS) ||
        !mt_closed_open(next_of, MT_THREAD_OTHERS + 1) ||
        !mt_table_reserve(&mt_state.ledger, &table, MT_THREAD_OTHERS))
        return false;
    mt_state.header->n_threads = MT_THREAD_OTHERS + 1;
    return true;
}

bool mt_identities_reserve_bank(uint32_t bank) {
    return mt_closed_open(banks, bank + 1);
}

uint32_t mt_identities_tid(mt_thread_id id) {
    return id < mt_state.header->n_threads ? row_at(id)->tid : 0;
}

/* ---- names ----------------------------------------------------------------------------------- */

static void set_name(struct mt_thread_row *row, const char *name) {
    for (int i = 0, ended = 0; i < NAME_BYTES; i++) {
        ended |= i == NAME_BYTES - 1 || name[i] == 0;
        /* Relaxed: it does no harm if a reader sees half of a name. */
        mt_store_relaxed(&row->name[i], (char)(ended ? 0 : name[i]));
    }
}

void mt_identities_look(struct mt_thread *t) {
    char name[NAME_BYTES] = {0};
    if (t->thread_id > MT_THREAD_OTHERS &&
        mt_os_call(SYS_prctl, PR_GET_NAME, (long)name, 0, 0, 0, 0) == 0)
        set_name(row_at(t->thread_id), name);
}

void mt_identities_rename(struct mt_thread *t, const char *name) {
    /* Relaxed: another thread that is about to get its row asks for its name itself. */
    mt_thread_id id = mt_load_relaxed(&t->thread_id);
    /* In a forked child that does not record, the rows are its parent's. */
    if (mt_state_is_recording() && id > MT_THREAD_OTHERS)
        set_name(row_at(id), name);
}

/* ---- folding --------------------------------------------------------------------------------- */

/* What is about to be stored, so that whoever finds it half done can store it again: a handler can
 * leave the recorder anywhere. */
static struct {
    struct mt_site *from, *to; /* from NULL: nothing is under way */
    struct mt_site sum;
} folding;

static void finish_folding(void) {
    struct mt_site *from = folding.from, *to = folding.to;
    if (from == NULL)
        return;
    to->counters = folding.sum.counters;
    to->at_peak = folding.sum.at_peak;
    to->max_bytes = folding.sum.max_bytes;
    to->waste_bytes = folding.sum.waste_bytes;
    from->counters = (struct mt_counters){0};
    from->at_peak = (struct mt_at_peak){.epoch = to->at_peak.epoch};
    from->max_bytes = from->waste_bytes = 0;
    mt_store_release(&folding.from, NULL);
}

/* Saves both sites at one and the same peak, so that the sum is what they were together. */
static void bring_to_one_peak(struct mt_thread *t, mt_site_id from, mt_site_id to) {
    const struct mt_site *a = mt_sites_at(from), *b = mt_sites_at(to);
    do {
        mt_sites_save(t, mt_sites_at(from), from);
        mt_sites_save(t, mt_sites_at(to), to);
    } while (a->at_peak.epoch != b->at_peak.epoch);
}

/* Adds what a site has counted to that of the others. Returns false when there is no room for a
 * record of the others, or for a copy of one of the two. */
static bool fold(struct mt_thread *t, mt_site_id id) {
    struct mt_site *from = mt_sites_at(id);
    mt_site_id others = mt_sites_of_others(t, from->node, from->size_class);
    if (others == 0)
        return false;
    struct mt_site *to = mt_sites_at(others), *sum = &folding.sum;
    if (t->cut != 0 && !(mt_saved_reserve(id) && mt_saved_reserve(others)))
        return false; /* making room for a copy later would take the lock that is held */
    bring_to_one_peak(t, id, others);
    *sum = *to;
    mt_counters_add(&sum->counters, &from->counters, 1);
    sum->at_peak.bytes += from->at_peak.bytes;
    sum->at_peak.blocks += from->at_peak.blocks;
    sum->waste_bytes += from->waste_bytes;
    if (from->max_bytes > sum->max_bytes)
        sum->max_bytes = from->max_bytes;
    folding.to = to;
    /* From here on it will be done, whatever happens to this thread. */
    mt_store_release(&folding.from, from);
    finish_folding();
    return true;
}

static bool has_counted(const struct mt_site *s) {
    return (s->counters.allocated_blocks | s->counters.freed_blocks) != 0 ||
           s->at_peak.bytes != 0 || s->at_peak.blocks != 0;
}

static bool fold_all(struct mt_thread *t, mt_thread_id id) {
    for (mt_site_id s = mt_sites_first_of(id); s != 0; s = mt_sites_at(s)->next_of_origin)
        if (has_counted(mt_sites_at(s)) && !fold(t, s))
            return false;
    return true;
}

static bool is_inside_an_event(mt_bank_id bank) {
    return mt_load_acquire(&mt_banks_at(bank)->sequence) & 1;
}

/*
 * Tells whether blocks of a thread are live, or another thread is just counting some of them as
 * freed: one that has left its event has counted all of it, and will not find another block. No
 * site of a thread's blocks can be below zero, so their sum is zero only when each of them is.
 */
static bool lives(mt_bank_id me, mt_thread_id id) {
    uint64_t clear_epoch = mt_state.header->control.clear_epoch;
    uint64_t blocks = 0;
    for (mt_site_id s = mt_sites_first_of(id); s != 0; s = mt_sites_at(s)->next_of_origin) {
        const struct mt_site *site = mt_sites_at(s);
        if (site->at_peak.epoch >= clear_epoch) /* an older site counts as zero */
            blocks +=
                site->counters.allocated_blocks - mt_load_relaxed(&site->counters.freed_blocks);
    }
    mt_fence_acquire(); /* what has been counted is read first, then who is still counting */
    for (mt_site_id s = mt_sites_first_of(id); s != 0 && blocks == 0;
         s = mt_sites_at(s)->next_of_origin)
        blocks = mt_sites_at(s)->bank != me && is_inside_an_event(mt_sites_at(s)->bank);
    return blocks != 0;
}

/* ---- rows ------------------------------------------------------------------------------------ */

static void append_ended(struct of_bank *b, uint16_t id) {
    next_of[id] = 0;
    if (b->newest != 0)
        next_of[b->newest] = id;
    else
        b->oldest = id;
    b->newest = id;
}

static uint16_t take_oldest(struct of_bank *b) {
    uint16_t id = b->oldest;
    b->oldest = next_of[id];
    if (b->oldest == 0)
        b->newest = 0;
    return id;
}

static void end_former(struct of_bank *b) {
    if (b->current > MT_THREAD_OTHERS) {
        append_ended(b, b->current);
        n_ended++;
        n_ended_sites += mt_sites_count_of(b->current);
    }
    b->current = 0;
}

/* Adds a thread of this bank, of which nothing lives, to the others, and returns its id, which is
 * free now. Returns 0 when there was none among those that were looked at. */
static mt_thread_id fold_one(struct mt_thread *t, struct of_bank *b) {
    for (int i = 0; i < TRIES && b->oldest != 0; i++) {
        uint16_t id = take_oldest(b);
        uint32_t n_sites = mt_sites_count_of(id);
        if (!lives(t->bank_id, id) && fold_all(t, id)) {
            mt_add_relaxed(&row_at(MT_THREAD_OTHERS)->n_threads, row_at(id)->n_threads);
            n_ended--;
            n_ended_sites -= n_sites < n_ended_sites ? n_sites : n_ended_sites;
            return id;
        }
        append_ended(b, id);
    }
    return 0;
}

static mt_thread_id new_row(void) {
    struct mt_ledger_header *h = mt_state.header;
    mt_thread_id id = h->n_threads;
    if (id >= MT_MAX_THREADS || !mt_closed_open(next_of, id + 1) || !mt_sites_reserve_origin(id) ||
        !mt_table_reserve(&mt_state.ledger, &table, id))
        return 0;
    mt_store_release(&h->n_threads, id + 1); /* whoever sees it finds the row's chunk */
    return id;
}

/* Returns a row for a thread, or 0. A bank's first thread gets one even when there are too many
 * rows, since so many threads live at once. */
static mt_thread_id find_row(struct mt_thread *t, struct of_bank *b) {
    bool is_full = n_ended >= MOST_ENDED || n_ended_sites >= MOST_ENDED_SITES;
    mt_thread_id id = is_full ? fold_one(t, b) : 0;
    if (id == 0 && (!is_full || b->oldest == 0))
        id = new_row();
    return id;
}

static void fill_row(struct mt_thread *t, mt_thread_id id) {
    struct mt_thread_row *row = row_at(id);
    row->tid = t->bank->tid;
    row->bank = (uint16_t)t->bank_id;
    row->name[0] = 0;
    mt_identities_look(t);
    mt_store_release(&row->n_threads, 1); /* from now on the row counts */
}

static void set_thread(struct mt_thread *t, mt_thread_id id) {
    t->thread_id = id;
    mt_store_relaxed(&t->bank->thread, id);
    if (id == MT_THREAD_OTHERS)
        mt_add_relaxed(&row_at(MT_THREAD_OTHERS)->n_threads, 1);
}

void mt_identities_begin(struct mt_thread *t) {
    if (!mt_state_lock_growth()) {
        set_thread(t, MT_THREAD_OTHERS);
        return;
    }
    struct of_bank *b = &banks[t->bank_id];
    finish_folding();
    end_former(b);
    mt_thread_id id = find_row(t, b);
    set_thread(t, id != 0 ? id : MT_THREAD_OTHERS);
    if (id != 0)
        fill_row(t, id);
    b->current = (uint16_t)t->thread_id;
    mt_state_unlock_growth();
}

/* ---- the walker ------------------------------------------------------------------------------ */

#ifdef MEMTRACK_CHECKS
/* Checks that a thread's sites are its own, and each is there once. */
static const char *check_sites(mt_thread_id id) {
    uint32_t n = 0;
    for (mt_site_id s = mt_sites_first_of(id); s != 0; s = mt_sites_at(s)->next_of_origin) {
        MT_MUST(s < mt_state.header->n_sites, "identities: a site is not there");
        MT_MUST(mt_sites_at(s)->origin == id, "identities: a thread has a site of another one");
        MT_MUST(++n <= mt_sites_count_of(id), "identities: a thread has more sites than it says");
    }
    MT_MUST(n == mt_sites_count_of(id), "identities: a thread has fewer sites than it says");
    return NULL;
}

static const char *check_bank(mt_bank_id bank, uint32_t *n) {
    const struct of_bank *b = &banks[bank];
    uint16_t last = 0;
    for (uint16_t id = b->oldest; id != 0; id = next_of[id]) {
        MT_MUST(id < mt_state.header->n_threads && row_at(id)->bank == bank,
                "identities: a bank has another one's thread");
        MT_MUST(id != b->current, "identities: a thread has ended, and owns its bank");
        MT_MUST(++*n <= n_ended, "identities: more threads have ended than it says");
        last = id;
    }
    MT_MUST(last == b->newest, "identities: the last thread of a bank is not its newest");
    return NULL;
}

const char *mt_identities_check(void) {
    struct mt_limits limits = mt_limits_of(mt_state.header);
    const char *violation = mt_writer_check_table(&table, limits.n_threads);
    uint32_t n = 0;
    for (mt_thread_id id = 1; violation == NULL && id < limits.n_threads; id++) {
        violation = mt_thread_row_fault(id, row_at(id), &limits);
        if (violation == NULL)
            violation = check_sites(id);
    }
    for (mt_bank_id bank = 1; violation == NULL && bank < limits.n_banks; bank++)
        violation = check_bank(bank, &n);
    MT_MUST(violation == NULL, violation);
    MT_MUST(n == n_ended, "identities: fewer threads have ended than it says");
    return NULL;
}
#endif
