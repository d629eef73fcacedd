/* SPDX-License-Identifier: MIT */
/*
 * Two places hold what is known of a mapping: the live table has a block for each (in a domain of
 * its own, so that no block of malloc's can be taken for it), where readers find it; the sorted
 * intervals here say which of them a range touches. There are two domains, since a mapped file is
 * no memory that the program asked for: its pages are the file's, and the kernel drops them when it
 * likes.
 *
 *   cut [b, e):    ├──── mapping ────┤        whole     the block is freed
 *                ├── cut ──┤                  an end    bytes of the block are freed
 *                      ├ cut ┤                middle    the same, and what lies behind becomes a
 *                                                       block of its own
 *
 * So live = allocated - freed at any moment, of bytes and of blocks, and a remainder keeps the call
 * path of the call that mapped it.
 */
#include "track/mappings/ranges.h"

#include "base/atomic.h"
#include "ledger/invariants.h"
#include "track/live/blocks.h"
#include "track/live/live.h"
#include "track/tables/names.h"

enum { MOST_DOMAINS = 0xffff };

static struct mt_lock lock;
static uint64_t serial;

/* What is being cut or added, in case that this is left: whoever has the lock next brings it to its
 * end. */
static struct {
    uint64_t begin, end, before; /* end 0: nothing is being cut */
    uint64_t adding; /* the beginning of an interval whose block has not been recorded yet */
    mt_name_id domain;
} unfinished;

void mt_ranges_start(void) {
    lock = (struct mt_lock){0};
    unfinished.end = unfinished.adding = 0;
    mt_intervals_start();
}

uint64_t mt_ranges_now(void) {
    return mt_load_relaxed(&serial); /* relaxed: what other threads know of happened before */
}

/* ---- one mapping ----------------------------------------------------------------------------- */

static mt_name_id domain(struct mt_thread *t, const struct mt_interval *m) {
    mt_name_id id = mt_names_find(&t->names, m->is_file ? "mmap-file" : "mmap");
    return id <= MOST_DOMAINS ? id : 0;
}

/*
 * Takes all but its first left and its last right bytes from the block of a mapping. If the block
 * is not as large as the mapping, that has been done already: an event was left before it changed
 * the interval, too.
 */
static void cut_block(struct mt_thread *t, const struct mt_interval *was, uint64_t left,
                      uint64_t right) {
    mt_name_id id = domain(t, was);
    uint64_t key = mt_live_domain_key(id, was->begin);
    struct mt_live_entry entry = mt_live_look(t, key);
    if (entry.site == 0 || entry.bytes != was->end - was->begin)
        return;
    if (left + right == 0)
        mt_blocks_end(t, key, entry, (uint64_t)t->last_block == key);
    else
        mt_blocks_cut(t, key, entry, left, mt_live_domain_key(id, was->end - right), right);
    t->last_block = NULL;
}

/* The block is cut first: if this is left in between, the interval is still as it was, and the cut
 * is done again. */
void mt_ranges_cut_interval(struct mt_thread *t, const struct mt_interval *m, uint64_t begin,
                            uint64_t end) {
    struct mt_interval was = *m, piece[2] = {was, was};
    uint64_t left = begin > was.begin ? begin - was.begin : 0,
             right = was.end > end ? was.end - end : 0;
    uint32_t n = 0;
    if (left != 0 && right != 0 && !mt_intervals_reserve()) {
        t->bank->rare.dropped++;
        right = 0;
    }
    if (left != 0)
        piece[n++].end = begin;
    if (right != 0)
        piece[n++].begin = end;
    if (!was.is_reserved)
        cut_block(t, &was, left, right);
    mt_intervals_replace(was.begin, piece, n);
}

/* ---- ranges, under the lock ------------------------------------------------------------------ */

const struct mt_interval *mt_ranges_within(uint64_t at, uint64_t end) {
    const struct mt_interval *m = at < end ? mt_intervals_after(at) : NULL;
    return m != NULL && m->begin < end ? m : NULL;
}

void mt_ranges_cut(struct mt_thread *t, uint64_t begin, uint64_t end, uint64_t before) {
    const struct mt_interval *m;
    unfinished.begin = begin;
    unfinished.before = before;
    mt_barrier();
    unfinished.end = end;
    mt_barrier();
    for (uint64_t at = begin; (m = mt_ranges_within(at, end)) != NULL;) {
        at = m->end < end ? m->end : end;
        if (m->serial < before)
            mt_ranges_cut_interval(t, m, begin, end);
    }
    mt_barrier();
    unfinished.end = 0;
}

mt_name_id mt_ranges_begin_adding(struct mt_thread *t, struct mt_interval *m) {
    mt_name_id id = domain(t, m);
    m->serial = mt_add_relaxed(&serial, 1); /* under the lock; others only compare the number */
    unfinished.domain = id;
    unfinished.adding = m->is_reserved ? 0 : m->begin;
    mt_barrier();
    if (id != 0 && mt_intervals_insert(*m))
        return id;
    t->bank->rare.dropped++;
    return 0;
}

void mt_ranges_end_adding(void) {
    mt_barrier();
    unfinished.adding = 0;
}

/* ---- after an event that was left ------------------------------------------------------------ */

/* Brings to its end what an event has left: what was to be cut is cut, and what was added and has
 * no block is taken out. */
static void finish(struct mt_thread *t) {
    uint64_t adding = unfinished.adding;
    if (unfinished.end != 0)
        mt_ranges_cut(t, unfinished.begin, unfinished.end, unfinished.before);
    const struct mt_interval *m = adding != 0 ? mt_intervals_after(adding) : NULL;
    if (m != NULL && m->begin == adding &&
        mt_live_look(t, mt_live_domain_key(unfinished.domain, adding)).site == 0)
        mt_intervals_erase(adding);
    unfinished.adding = 0;
}

bool mt_ranges_lock(struct mt_thread *t) {
    if (!mt_lock_acquire(&lock, MT_RANK_MAPPINGS))
        return false;
    finish(t);
    return true;
}

void mt_ranges_unlock(void) {
    mt_lock_release(&lock, MT_RANK_MAPPINGS);
}

/* Without this the lock would stay with a thread that never maps anything again. */
void mt_ranges_recover(struct mt_thread *t) {
    if (mt_load_relaxed(&lock.holder) != mt_lock_me() ||
        !mt_lock_acquire(&lock, MT_RANK_MAPPINGS)) /* it is had at once, since it is ours */
        return;
    finish(t);
    mt_lock_release(&lock, MT_RANK_MAPPINGS);
}

/* ---- the walker ------------------------------------------------------------------------------ */

#ifdef MEMTRACK_CHECKS
/* Checks that each mapping which is not reserved has a block. */
const char *mt_ranges_check(void) {
    const char *violation = mt_intervals_check();
    const struct mt_interval *m;
    MT_MUST(violation == NULL, violation);
    for (uint64_t at = 0; mt_self != NULL && (m = mt_intervals_after(at)) != NULL; at = m->end)
        MT_MUST(m->is_reserved || mt_live_has_big(mt_live_domain_key(domain(mt_self, m), m->begin)),
                "mappings: one has no block");
    return NULL;
}
#endif
