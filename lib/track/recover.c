/* SPDX-License-Identifier: MIT */
/*
 * An event can be left between any two instructions: by a signal handler that leaves by longjmp, by
 * a thread that is cancelled. Nobody returns to it, and the next event of the thread (or, after the
 * thread's end, of the one that gets its bank) finds it. What each step leaves behind, and what
 * becomes of it:
 *
 *   step of an event                   left there
 *   enter                              nothing has been done
 *   walk, path, site                   caches that are half written: forgotten. Nodes, sites and
 *                                      their indices are appended: a node that is not counted yet
 *                                      stays what it is, another item is written anew; one that is
 *                                      not in the index is a second one of the same kind, which
 *                                      readers add up
 *   the journal says: putting          (put)
 *   table                              the tag is stored last, by one store: it is there or not
 *   its counts of what is in it        counted anew
 *   counters of site and thread        what they were has been noted before: they are made anew
 *                                      from that
 *   peak                               noticed now
 *   the journal says: taking           (free) the entry is known before it is taken out, and
 *                                      counted as freed here
 *   the journal says: moved            (realloc) the block is put back, unless its address has a
 *                                      new one
 *   growth of a table                  the new one is complete before one store puts it in place;
 *                                      the old one is lost
 *   locks                              kept, and had at once by whoever asks for the same thread:
 *                                      base/lock.h
 *
 *   a plan (plan.h): a missed free,  nothing has been done before all of it is written down; then
 *                                    all of it is done here
 *   a resize, a cut, a drop
 *   intervals of mappings              there or not; an unmapping goes on, an interval without its
 *                                      block goes (mappings/ranges.c)
 *
 * So nothing is lost but, possibly, the event itself; it is counted as interrupted when it was left
 * before the journal was written, or after. What is not as a whole or not at all, and how far it
 * can be off:
 *
 *   a missed free of a block that had the same size, site and era as the new one, left before the
 *   table was looked at:
 *     the new block is counted although it came to nothing (one block, until its address is freed
 *     twice)
 *   mremap and mprotect: what they unmap has gone, and what they map is not counted (the part of
 *   one call) a scope: its name's totals miss it, or have its count without some of its values (one
 *   scope)
 */
#include "track/recover.h"

#include "track/ground/left.h"
#include "track/ground/state.h"
#include "track/lines/kept.h"
#include "track/live/count.h"
#include "track/live/live.h"
#include "track/live/plan.h"
#include "track/mappings/ranges.h"
#include "track/scopes/process.h"
#include "track/scopes/totals.h"
#include "track/tables/names.h"
#include "track/threads.h"

static bool is_same(struct mt_live_entry a, struct mt_live_entry b) {
    return a.site == b.site && a.bytes == b.bytes && a.era == b.era;
}

/* Sets the counters to what mt_count_allocation makes of them. They are computed from what was
 * before, so that this may be done as often as need be. */
static void count_put(struct mt_counters *c, const uint64_t *before, uint64_t bytes) {
    c->allocated_bytes = before[0] + bytes;
    c->allocated_blocks = before[1] + 1;
    c->live_bytes = (int64_t)(before[2] + bytes);
}

/* Does for a free what count_put does for an allocation. */
static void count_taken(struct mt_counters *c, const uint64_t *before, uint64_t bytes) {
    c->live_bytes = (int64_t)(before[0] - bytes);
    c->freed_blocks = before[1] + 1;
}

/* Tells whether the event had come to the counters, so that what they were has been noted. */
static bool is_noted(const struct mt_thread *t, uint64_t number) {
    return t->before.number == number;
}

/* Returns true when the block is in the table, and counted. */
static bool finish_putting(struct mt_thread *t) {
    struct mt_live_entry entry = mt_live_noted(t->journal.putting, &t->journal);
    uint64_t number = t->bank->sequence;
    if (entry.site == 0 || !is_same(entry, mt_live_look(t, (uint64_t)t->last_block)))
        return false;
    if (entry.era < t->clear_era)
        return true;
    struct mt_site *s = mt_sites_at(entry.site);
    mt_sites_save(t, s, entry.site);
    if (!is_noted(t, number)) {
        mt_count_note_put(t->before.site, &s->counters);
        mt_count_note_put(t->before.of_thread, &t->bank->counters);
        mt_barrier();
        t->before.number = number;
        mt_barrier();
    }
    count_put(&s->counters, t->before.site, entry.bytes);
    count_put(&t->bank->counters, t->before.of_thread, entry.bytes);
    mt_count_note_max(s);
    return true;
}

/* Counts a block as freed. number is what the event has put into before.number, if it has noted the
 * counters already. */
static void count_freed(struct mt_thread *t, struct mt_live_entry entry, uint64_t number) {
    struct mt_site *s = mt_count_record(t, entry.site);
    if (!is_noted(t, number)) {
        mt_count_note_taken(t->before.site, &s->counters);
        mt_count_note_taken(t->before.of_thread, &t->bank->counters);
        mt_barrier();
        t->before.number = number;
        mt_barrier();
    }
    count_taken(&s->counters, t->before.site, entry.bytes);
    count_taken(&t->bank->counters, t->before.of_thread, entry.bytes);
}

static void finish_taking(struct mt_thread *t) {
    struct mt_live_entry entry = mt_live_noted(t->journal.taking, &t->journal);
    bool dropped = false;
    if (is_same(entry, mt_live_look(t, (uint64_t)t->last_block)))
        mt_live_take(t, (uint64_t)t->last_block, NULL, &dropped);
    if (entry.site != 0 && entry.era >= t->clear_era)
        count_freed(t, entry, t->bank->sequence + 1);
}

static void put_back(struct mt_thread *t) {
    struct mt_live_entry entry = mt_live_noted(t->moved.journal.taking, &t->moved.journal), other;
    struct mt_live_entry there = mt_live_look(t, t->moved.address);
    if (entry.site == 0 || is_same(entry, there))
        return;
    if (there.site == 0 && mt_live_put(t, mt_live_prepare(t->moved.address), t->moved.address,
                                       entry, &other) == MT_PUT_NEW)
        return;
    t->before.number = 0;
    if (entry.era >= t->clear_era) /* the block is gone, since its address has been used again */
        count_freed(t, entry, t->bank->sequence + 1);
}

/* Forgets the caches that are written by more than one store. */
static void forget_caches(struct mt_thread *t) {
    mt_names_forget(&t->names);
    mt_scopes_totals_forget(&t->totals);
    t->stack.map = (struct mt_stack_map){0};
    mt_lines_kept_reset(t);
    t->domain = 0;
    t->request = UINT64_MAX; /* a cut may have been heard of and not been acted upon */
}

static void finish(struct mt_thread *t, bool is_done) {
    struct mt_journal *j = &t->journal;
    is_done |= j->putting != 0 && finish_putting(t);
    if (j->taking != 0) {
        finish_taking(t);
        is_done = true;
    }
    if (j->taking == t->moved.journal.taking)
        t->moved.journal.taking = 0; /* count_moved had passed it from one journal to the other */
    t->bank->rare.interrupted += !is_done;
    *j = (struct mt_journal){0};
}

/* Counts anew what is in the tables that the event was about: they change that count by a store of
 * its own. */
static void mend(struct mt_thread *t) {
    mt_live_mend(t, (uint64_t)t->last_block);
    mt_live_mend(t, t->moved.address);
    for (uint32_t i = 0; i < t->plan.n_entries; i++)
        mt_live_mend(t, t->plan.entry[i].key);
}

void mt_recover(struct mt_thread *t, const struct mt_hook_frame *frame) {
    bool was_busy = mt_thread_is_busy(t);
    /* This can be left as well, and is begun again then. */
    t->seen = MT_SEEN_BUSY | (uint64_t)frame;
    if (!was_busy)
        return;
    mt_lock_left();
    mt_state.was_left = mt_state.ledger.was_left = true;
    /* The event may have been left before it made this odd, or after it made it even again. */
    t->bank->sequence |= 1;
    forget_caches(t);
    mend(t);
    bool is_done = mt_plan_recover(t); /* before mt_threads_refresh may clear the counters */
    mt_threads_refresh(t);
    finish(t, is_done);
    mt_ranges_recover(t);
    t->last_block = NULL;
    mt_scopes_process_publish(t);
    mt_barrier();
    t->bank->sequence++;
}

void mt_recover_moved(struct mt_thread *t, const struct mt_hook_frame *frame) {
    if (t->moved.journal.taking == 0 || mt_left_fate(t->moved.frame, frame) != MT_FATE_LEFT)
        return;
    put_back(t);
    t->moved.journal.taking = 0;
}
