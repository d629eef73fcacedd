/* SPDX-License-Identifier: MIT */
/*
 * The counters of an event: of the site, of the thread, and whether that is a new peak. Part of the hot path.
 *
 * An event can be left for good between any two instructions, and is then brought to its end by what the journal of the
 * thread says (recover.c). So the counters change by stores of which the journal tells whether they have been made:
 * allocated bytes and blocks by one, live bytes and freed blocks by one.
 */
#ifndef MT_TRACK_COUNT_H
#define MT_TRACK_COUNT_H

#include "base/atomic.h"
#include "track/request.h"
#include "track/sampling.h"
#include "track/sites.h"
#include "track/threads.h"

static inline void mt_count_note_live(struct mt_thread *t, int64_t live) {
    if (mt_unlikely(live > t->bank->scope_high))
        t->bank->scope_high = live;
}

static inline void mt_count_note_max(struct mt_site *s) {
    if (s->counters.live_bytes > s->max_bytes)
        s->max_bytes = s->counters.live_bytes;
}

/*
 * What the counters were, as far as an event can change them: by one block, and by less bytes than MT_ENTRY_MAX_BYTES.
 *
 *   putting   63  live bytes of the site (24)  40 39  of the thread (24)  16 15  blocks of the site (8)  8 7  of the thread  0
 *   taking    63  number of the event (32)  32 31  blocks freed, of the site (16)  16 15  of the thread  0
 */
static inline uint64_t mt_count_before_putting(const struct mt_counters *site, const struct mt_counters *thread) {
    return (uint64_t)site->live_bytes << 40 | ((uint64_t)thread->live_bytes & 0xffffff) << 16 |
           (site->allocated_blocks & 0xff) << 8 | (thread->allocated_blocks & 0xff);
}

static inline uint64_t mt_count_before_taking(const struct mt_thread *t, const struct mt_counters *site,
                                              const struct mt_counters *thread) {
    return t->bank->sequence << 32 | (site->freed_blocks & 0xffff) << 16 | (thread->freed_blocks & 0xffff);
}

/* The order of these stores is of no importance: each can be told to have been made. */
static inline void mt_count_allocation(struct mt_thread *t, struct mt_site *s, mt_site_id id, uint64_t bytes) {
    struct mt_counters *all = &t->bank->counters;
    mt_sites_save(t, s, id);
    mt_add_pair(&s->counters.allocated_bytes, bytes, 1);
    int64_t live = s->counters.live_bytes += (int64_t)bytes;
    if (live > s->max_bytes)
        s->max_bytes = live;
    mt_add_pair(&all->allocated_bytes, bytes, 1);
    if (mt_unlikely((all->allocated_blocks & (MT_ERA_EVENTS - 1)) == 0))
        mt_request_new_era();
    mt_count_note_live(t, all->live_bytes += (int64_t)bytes);
    if (mt_unlikely(all->live_bytes > t->high))
        mt_threads_publish(t);
}

/* The record in which this thread counts what happens to a block of site id. */
static inline struct mt_site *mt_count_record_of(struct mt_thread *t, mt_site_id *id) {
    struct mt_site *s = mt_site_at(*id);
    if (mt_unlikely(s->bank != t->bank_id)) {
        *id = mt_sites_foreign(t, *id);
        s = mt_site_at(*id);
    }
    return s;
}

/* The same, about to be changed. */
static inline struct mt_site *mt_count_record(struct mt_thread *t, mt_site_id id) {
    struct mt_site *s = mt_count_record_of(t, &id);
    mt_sites_save(t, s, id);
    return s;
}

/* Sites hold what was recorded and are scaled by the reader; the process's live bytes, which decide when the peak is, are
 * estimated here, where each block's size is known. */
MT_HIDDEN void mt_count_weigh(struct mt_thread *t, uint64_t bytes, int sign);

static inline void mt_count_free(struct mt_thread *t, mt_site_id id, uint64_t bytes, int64_t waste, bool temporary) {
    struct mt_site *s = mt_count_record(t, id);
    struct mt_counters *all = &t->bank->counters;
    t->journal.before = mt_count_before_taking(t, &s->counters, all);
    mt_barrier();
    mt_add_pair(&s->counters.live_bytes, -bytes, 1);
    mt_add_pair(&all->live_bytes, -bytes, 1);
    if (temporary) {
        s->counters.temporary_blocks++;
        all->temporary_blocks++;
    }
    if (mt_unlikely(waste != 0))
        s->waste_bytes -= waste;
    if (mt_unlikely(mt_tracker.unusual))
        mt_count_weigh(t, bytes, -1);
    if (mt_unlikely(all->live_bytes < t->low))
        mt_threads_publish(t);
}

#endif
