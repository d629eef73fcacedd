/* SPDX-License-Identifier: MIT */
/*
 * The counters of an event: of the site, of the thread, and whether that is a new peak. Part of the
 * hot path.
 *
 * An event can be left for good between any two instructions, and is then brought to its end by
 * what the thread has noted (recover.c): the counters as they were, from which they are made anew.
 */
#ifndef MT_TRACK_COUNT_H
#define MT_TRACK_COUNT_H

#include "base/atomic.h"
#include "track/live/eras.h"
#include "track/scopes/process.h"
#include "track/tables/sites.h"

/* Notes the highest live bytes of the thread since its scopes were last looked at. */
static inline void mt_count_note_live(struct mt_thread *t, int64_t live) {
    if (mt_unlikely(live > t->bank->scope_high))
        t->bank->scope_high = live;
}

/* Notes the highest live bytes of the site. */
static inline void mt_count_note_max(struct mt_site *s) {
    if (s->counters.live_bytes > s->max_bytes)
        s->max_bytes = s->counters.live_bytes;
}

/* Note what the counters are before an allocation, and before a free. */
static inline void mt_count_note_put(uint64_t *before, const struct mt_counters *c) {
    before[0] = c->allocated_bytes;
    before[1] = c->allocated_blocks;
    before[2] = (uint64_t)c->live_bytes;
}

static inline void mt_count_note_taken(uint64_t *before, const struct mt_counters *c) {
    before[0] = (uint64_t)c->live_bytes;
    before[1] = c->freed_blocks;
}

/* Counts the allocation of a block at site s, which has this id and is the thread's own. */
static inline void mt_count_allocation(struct mt_thread *t, struct mt_site *s, mt_site_id id,
                                       uint64_t bytes) {
    struct mt_counters *all = &t->bank->counters;
    mt_sites_save(t, s, id);
    mt_count_note_put(t->before.site, &s->counters);
    mt_count_note_put(t->before.of_thread, all);
    mt_barrier();
    t->before.number = t->bank->sequence;
    mt_barrier();
    mt_own_add(&s->counters.allocated_bytes, bytes);
    mt_own_add(&s->counters.allocated_blocks, 1);
    int64_t live = mt_own_add(&s->counters.live_bytes, (int64_t)bytes);
    if (live > s->max_bytes)
        s->max_bytes = live;
    mt_own_add(&all->allocated_bytes, bytes);
    if (mt_unlikely((mt_own_add(&all->allocated_blocks, 1) & (MT_ERA_EVENTS - 1)) == 0))
        mt_eras_look();
    mt_count_note_live(t, mt_own_add(&all->live_bytes, (int64_t)bytes));
    if (mt_unlikely(all->live_bytes > t->high))
        mt_scopes_process_publish(t);
}

/* Return what mt_sites_find and mt_sites_find_foreign do, after the thread has got its row: it
 * looks for a site for the first time, or has not done so lately. */
MT_HIDDEN mt_site_id mt_count_find(struct mt_thread *t, mt_node_id node, uint8_t size_class);
MT_HIDDEN mt_site_id mt_count_find_foreign(struct mt_thread *t, mt_site_id of);

/* Returns the record in which this thread counts its blocks of (node, size class); 0 when there is
 * no room. */
static inline mt_site_id mt_count_own(struct mt_thread *t, mt_node_id node, uint8_t size_class) {
    mt_site_id id;
    return mt_likely(mt_sites_known(&t->sites, node, size_class, &id))
               ? id
               : mt_count_find(t, node, size_class);
}

/* Returns the record in which this thread counts blocks of another thread's site that it frees. */
static inline mt_site_id mt_count_foreign(struct mt_thread *t, mt_site_id of) {
    mt_site_id id;
    return mt_likely(mt_sites_known_foreign(&t->sites, of, &id)) ? id
                                                                 : mt_count_find_foreign(t, of);
}

/* Returns the record in which this thread counts what happens to a block of site *id, and sets *id
 * to that record's. */
static inline struct mt_site *mt_count_record_of(struct mt_thread *t, mt_site_id *id) {
    struct mt_site *s = mt_sites_at(*id);
    if (mt_unlikely(s->bank != t->bank_id)) {
        *id = mt_count_foreign(t, *id);
        s = mt_sites_at(*id);
    }
    return s;
}

/* Returns the same record, after keeping what it had at the last peak and cut, for a change. */
static inline struct mt_site *mt_count_record(struct mt_thread *t, mt_site_id id) {
    struct mt_site *s = mt_count_record_of(t, &id);
    mt_sites_save(t, s, id);
    return s;
}

/* Adds (sign is 1) or subtracts (-1) what a sampled block of bytes counts for more in the thread's
 * live bytes. Sites hold what was recorded and are scaled by the reader; the process's live bytes,
 * which decide when the peak is, are estimated here, where each block's size is known. */
MT_HIDDEN void mt_count_weigh(struct mt_thread *t, uint64_t bytes, int sign);

/* Counts the free of a block of which nothing is special: options.usable is off, and nothing is
 * sampled. */
static inline __attribute__((always_inline)) void
mt_count_free_plain(struct mt_thread *t, mt_site_id id, uint64_t bytes, bool temporary) {
    struct mt_site *s = mt_count_record(t, id);
    struct mt_counters *all = &t->bank->counters;
    mt_count_note_taken(t->before.site, &s->counters);
    mt_count_note_taken(t->before.of_thread, all);
    mt_barrier();
    t->before.number = t->bank->sequence + 1;
    mt_barrier();
    mt_own_add(&s->counters.live_bytes, -(int64_t)bytes);
    mt_own_add(&s->counters.freed_blocks, 1);
    int64_t live = mt_own_add(&all->live_bytes, -(int64_t)bytes);
    mt_own_add(&all->freed_blocks, 1);
    if (temporary) {
        mt_own_add(&s->counters.temporary_blocks, 1);
        mt_own_add(&all->temporary_blocks, 1);
    }
    if (mt_unlikely(live < t->low))
        mt_scopes_process_publish(t);
}

/* Counts the free of any block. waste is by how many bytes its usable size was larger, if usable
 * sizes are counted; else 0. */
MT_HIDDEN void mt_count_free(struct mt_thread *t, mt_site_id id, uint64_t bytes, int64_t waste,
                             bool temporary);

/* Lets the process's peak be what is live now. */
MT_HIDDEN void mt_count_reset_peak(struct mt_thread *t);

#endif
