/* SPDX-License-Identifier: MIT */
/* Sites: the counters of one thread at one call path for one size class. See struct mt_site. */
#ifndef MT_TRACK_SITES_H
#define MT_TRACK_SITES_H

#include "ledger/writer/table.h"
#include "track/tables/saved.h"
#include "track/thread/thread.h"

MT_HIDDEN extern void *mt_sites_chunk[];

/* Forgets all sites, in a new process. Returns false when there is no memory. */
MT_HIDDEN bool mt_sites_start(void);

/* Returns the record for (node, size class) of this thread, which has its row, and makes it if need
 * be; the bank's lossy record when there is no room; 0 when there is not even that. */
MT_HIDDEN mt_site_id mt_sites_find(struct mt_thread *t, mt_node_id node, uint8_t size_class);
/* Returns this thread's record for blocks of another thread's site that it frees. */
MT_HIDDEN mt_site_id mt_sites_find_foreign(struct mt_thread *t, mt_site_id of);

/* Returns this bank's record for blocks of MT_THREAD_OTHERS, 0 when there is no room. The caller
 * has the growth lock. */
MT_HIDDEN mt_site_id mt_sites_of_others(struct mt_thread *t, mt_node_id node, uint8_t size_class);

static inline struct mt_site *mt_sites_at(mt_site_id id) {
    return mt_table_item(mt_sites_chunk, struct mt_site, MT_SITES_PER_CHUNK, id);
}

/* Sets a site to zero: what it holds is from before memtrack_clear_traces. */
MT_HIDDEN void mt_sites_clear(struct mt_site *s);

/* Make room for what is kept of a bank, or of the row of a thread, that is being made. The caller
 * has the growth lock. Return false when there is no memory. */
MT_HIDDEN bool mt_sites_reserve_bank(uint32_t bank);
MT_HIDDEN bool mt_sites_reserve_origin(mt_thread_id origin);

/* Return how many records there are of an origin, and the first of them, 0 when there is none; the
 * others follow by next_of_origin. The caller has the growth lock. */
MT_HIDDEN uint32_t mt_sites_count_of(mt_thread_id origin);
MT_HIDDEN mt_site_id mt_sites_first_of(mt_thread_id origin);

/* Forgets what a thread has looked for, when its memory goes to another one. */
MT_HIDDEN void mt_sites_forget(struct mt_sites_part *part);

/* Keeps what a site had at the last peak, and at a cut. To be called before each change; only the
 * first one since then makes a copy. */
static inline void mt_sites_save(struct mt_thread *t, struct mt_site *s, mt_site_id id) {
    /* An epoch that comes later is for the next event. Acquire: its clear_epoch is seen, too. */
    uint64_t epoch = mt_load_acquire(&t->control->epoch);
    if (mt_unlikely(t->cut != 0))
        mt_saved_keep_site(t, s, id);
    if (s->at_peak.epoch != epoch) {
        if (mt_unlikely(mt_load_part(&t->control->clear_epoch) != t->clear_epoch))
            epoch = t->clear_epoch; /* it was cleared meanwhile: this event counts from before */
        if (mt_unlikely(s->at_peak.epoch < t->clear_epoch))
            mt_sites_clear(s);
        s->at_peak.bytes = s->counters.live_bytes;
        s->at_peak.blocks = (int64_t)(s->counters.allocated_blocks - s->counters.freed_blocks);
        s->at_peak.epoch = epoch;
    }
}

/* Returns what mt_size_class does, without a branch for 0 bytes. bytes is below 2^63, as it is for
 * any block that there is. */
static inline uint8_t mt_sites_class(uint64_t bytes) {
    return (uint8_t)(__builtin_clzll(2 * bytes + 1) ^ 63);
}

/* Tells whether this thread has looked for its record for (node, size class) lately; then *id is
 * that record. */
static inline bool mt_sites_known(const struct mt_sites_part *part, mt_node_id node,
                                  uint8_t size_class, mt_site_id *id) {
    uint64_t key = (uint64_t)node << 7 | size_class;
    uint64_t cached = part->own[(node + size_class * 37u) % MT_SITE_CACHE];
    *id = (mt_site_id)(cached & ((1u << MT_SITE_BITS) - 1));
    return cached >> MT_SITE_BITS == key;
}

/* Does the same for its record for blocks of another thread's site. */
static inline bool mt_sites_known_foreign(const struct mt_sites_part *part, mt_site_id of,
                                          mt_site_id *id) {
    uint64_t cached = part->foreign[of % MT_FOREIGN_CACHE];
    *id = (mt_site_id)(cached & ((1u << MT_SITE_BITS) - 1));
    return cached >> MT_SITE_BITS == of;
}

#ifdef MEMTRACK_CHECKS
/* See track/check.h. */
MT_HIDDEN const char *mt_sites_check(bool alone);
#endif

#endif
