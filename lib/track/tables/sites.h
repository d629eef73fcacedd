/* SPDX-License-Identifier: MIT */
/* Sites: the counters of one thread at one call path for one size class. See struct mt_site. */
#ifndef MT_TRACK_SITES_H
#define MT_TRACK_SITES_H

#include "ledger/writer/table.h"
#include "track/request.h"

MT_HIDDEN extern void *mt_sites_chunk[];

MT_HIDDEN bool mt_sites_start(void);

/* The record for (node, size class) of this thread, created if need be; the bank's lossy record
 * when there is no room; 0 when there is not even that. */
MT_HIDDEN mt_site_id mt_sites_find(struct mt_thread *t, mt_node_id node, uint8_t size_class);
/* This thread's record for blocks of another thread's site that it frees. */
MT_HIDDEN mt_site_id mt_sites_find_foreign(struct mt_thread *t, mt_site_id of);

/* For blocks of MT_THREAD_OTHERS: this bank's record. 0: no room. Under the growth lock. */
MT_HIDDEN mt_site_id mt_sites_of_others(struct mt_thread *t, mt_node_id node, uint8_t size_class);

static inline struct mt_site *mt_sites_at(mt_site_id id) {
    return mt_table_item(mt_sites_chunk, struct mt_site, MT_SITES_PER_CHUNK, id);
}

/* What it holds is from before memtrack_clear_traces. */
MT_HIDDEN void mt_sites_clear(struct mt_site *s);

/* A bank has been made. Under the growth lock. False: no memory. */
MT_HIDDEN bool mt_sites_reserve_bank(uint32_t bank);

/* Before a site is changed: keep what it had at the last peak, and at a cut, when this is the first
 * change since. */
static inline void mt_sites_save(struct mt_thread *t, struct mt_site *s, mt_site_id id) {
    uint64_t epoch = mt_load_acquire(
        &t->control->epoch); /* a later one is for the next event; with its clear_epoch */
    if (mt_unlikely(t->cut != 0))
        mt_saved_keep_site(t, id);
    if (s->at_peak.epoch != epoch) {
        if (mt_unlikely(mt_load_part(&t->control->clear_epoch) != t->clear_epoch))
            epoch = t->clear_epoch; /* cleared meanwhile: what this event counts is from before */
        if (mt_unlikely(s->at_peak.epoch < t->clear_epoch))
            mt_sites_clear(s);
        s->at_peak.bytes = s->counters.live_bytes;
        s->at_peak.blocks = (int64_t)(s->counters.allocated_blocks - s->counters.freed_blocks);
        s->at_peak.epoch = epoch;
    }
}

/* mt_size_class of a block that there is, without a branch for the empty one: it has less than 2^63
 * bytes. */
static inline uint8_t mt_sites_class(uint64_t bytes) {
    return (uint8_t)(__builtin_clzll(2 * bytes + 1) ^ 63);
}

static inline mt_site_id mt_sites_own(struct mt_thread *t, mt_node_id node, uint8_t size_class) {
    uint64_t key = (uint64_t)node << 7 | size_class;
    uint64_t cached = t->site_cache[(node + size_class * 37u) % MT_SITE_CACHE];
    if (mt_likely(cached >> MT_SITE_BITS == key))
        return (mt_site_id)(cached & ((1u << MT_SITE_BITS) - 1));
    return mt_sites_find(t, node, size_class);
}

static inline mt_site_id mt_sites_foreign(struct mt_thread *t, mt_site_id of) {
    uint64_t cached = t->foreign_cache[of % MT_FOREIGN_CACHE];
    if (mt_likely(cached >> MT_SITE_BITS == of))
        return (mt_site_id)(cached & ((1u << MT_SITE_BITS) - 1));
    return mt_sites_find_foreign(t, of);
}

#endif
