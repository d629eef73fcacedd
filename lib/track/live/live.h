/* SPDX-License-Identifier: MIT */
/*
 * The table of live blocks: address -> (bytes, site). Sharded by 64 KiB of address space, so that
 * blocks that are neighbours in memory, and so often in time, are neighbours in the table. See
 * struct mt_region.
 *
 * Any recording thread; each region is locked while more than one thread records.
 */
#ifndef MT_TRACK_LIVE_H
#define MT_TRACK_LIVE_H

#include "base/atomic.h"
#include "track/ground/state.h"
#include "track/thread/thread.h"

struct mt_live_entry {
    uint64_t bytes;
    mt_site_id site; /* 0: not found */
    uint32_t era;    /* when it was allocated */
};

/* Returns the key of a block of a domain that is not malloc's, which lies beyond all addresses. */
static inline uint64_t mt_live_domain_key(mt_name_id domain, uint64_t address) {
    return (uint64_t)domain << MT_DOMAIN_SHIFT | (address & MT_NODE_ADDRESS_MASK);
}

/* Forgets all blocks, in a new process. Returns true. */
MT_HIDDEN bool mt_live_start(void);

/* Returns the entry of a block; with site 0 when there is none. */
MT_HIDDEN struct mt_live_entry mt_live_look(struct mt_thread *t, uint64_t address);

/* Counts anew what the table counts of itself around this address: an event was left that may have
 * been changing what is entered there. */
MT_HIDDEN void mt_live_mend(struct mt_thread *t, uint64_t address);

/* Moves all blocks of the eras from .. to into the era now. */
MT_HIDDEN void mt_live_set_era(struct mt_thread *t, uint32_t from, uint32_t to, uint32_t now);

/* Lists all live blocks of malloc's, some at a time, and each that is there all the while once. The
 * cursor begins with zeros. Returns how many addresses it has written, for which there is room for
 * MT_LIVE_LISTED; 0 when that was all. To be called inside an event. */
enum { MT_LIVE_LISTED = 8192 };
struct mt_live_cursor {
    uint32_t leaf, region, big;
};
MT_HIDDEN uint32_t mt_live_list(struct mt_thread *t, struct mt_live_cursor *cursor,
                                uint64_t *address);

/* ---- what the inline half below needs of live.c ---- */

enum { MT_LIVE_LEAF_CACHE = 256 };
/* Each entry has mt_live_leaf_tag in the upper 16 bits, and the address below; 0: empty. */
MT_HIDDEN extern uint64_t mt_live_leaf_cache[];
struct mt_live_big {
    struct mt_big_block *block;
    uint32_t capacity, used, index; /* used counts deleted ones too */
    struct mt_lock lock;
};
MT_HIDDEN extern struct mt_live_big mt_live_big;
MT_HIDDEN struct mt_region *mt_live_leaf(uint64_t leaf, bool make);
MT_HIDDEN struct mt_live_entry mt_live_big_take(uint64_t address, struct mt_journal *journal,
                                                bool *dropped);

/* Returns the tag of a leaf in the cache, which is never that of an empty entry. */
static inline uint64_t mt_live_leaf_tag(uint64_t leaf) {
    return leaf / MT_LIVE_LEAF_CACHE + 1;
}

static inline struct mt_region *mt_live_region(uint64_t address, bool make) {
    uint64_t leaf = address >> MT_LEAF_SHIFT;
    /* Relaxed: one word holds tag and address. */
    uint64_t cached = mt_load_relaxed(&mt_live_leaf_cache[leaf % MT_LIVE_LEAF_CACHE]);
    struct mt_region *regions = (struct mt_region *)(cached & MT_NODE_ADDRESS_MASK);
    if (mt_unlikely(cached >> 48 != mt_live_leaf_tag(leaf))) {
        regions = mt_live_leaf(leaf, make);
        if (regions == NULL)
            return NULL;
    }
    return &regions[(address >> MT_REGION_SHIFT) % MT_REGIONS_PER_LEAF];
}

static inline bool mt_live_lock(struct mt_thread *t, struct mt_region *r) {
    return mt_lock_acquire_word(&r->lock, MT_RANK_REGION, t->token);
}

static inline void mt_live_unlock(struct mt_region *r) {
    mt_lock_release_word(&r->lock, MT_RANK_REGION);
}

static inline uint64_t mt_live_key(uint64_t address) {
    return (address >> 3) & 8191;
}

static inline struct mt_live_entry mt_live_decode(uint64_t entry) {
    return (struct mt_live_entry){.bytes = entry >> MT_ENTRY_BYTES_SHIFT,
                                  .site = (mt_site_id)(entry & MT_ENTRY_SITE_MASK),
                                  .era = (uint32_t)(entry >> MT_ENTRY_ERA_SHIFT) & (MT_ERAS - 1)};
}

static inline uint64_t mt_live_encode(struct mt_live_entry e) {
    return e.bytes << MT_ENTRY_BYTES_SHIFT | (uint64_t)e.era << MT_ENTRY_ERA_SHIFT | e.site;
}

/* Notes an entry in a word of the journal; bytes that the entry has no room for go beside it. */
static inline void mt_live_note(uint64_t *word, struct mt_journal *journal,
                                struct mt_live_entry e) {
    if (mt_unlikely(e.bytes >= MT_ENTRY_MAX_BYTES)) {
        journal->big_bytes = e.bytes;
        e.bytes = 0;
    }
    *word = mt_live_encode(e);
}

/* Returns the entry that mt_live_note has put into word. */
static inline struct mt_live_entry mt_live_noted(uint64_t word, const struct mt_journal *journal) {
    struct mt_live_entry e = mt_live_decode(word);
    if (journal->big_bytes != 0)
        e.bytes = journal->big_bytes;
    return e;
}

/*
 * Tags are compared four at a time in a general register: x has a zero lane where the tag is, and
 * the lowest flag of (x - 1...1) & ~x & 8...8 marks the first one (Lamport, "Multiple byte
 * processing with full-word instructions", 1975). They are stored and loaded as whole words only,
 * so that a free right after its malloc does not stall.
 */
#define MT_LANE_ONES UINT64_C(0x0001000100010001)
#define MT_LANE_TOPS UINT64_C(0x8000800080008000)
/* Masks the two tags of tags[1], whose upper half counts overflow. */
#define MT_LANES_HIGH   UINT64_C(0x80008000)
#define MT_OVERFLOW_ONE (UINT64_C(1) << 32)

static inline uint64_t mt_lanes_zero(uint64_t x) {
    return (x - MT_LANE_ONES) & ~x & MT_LANE_TOPS;
}

/* Returns the index of the entry with this tag (0: a free one), or -1. */
static inline int mt_group_find(const struct mt_group *g, uint64_t tag) {
    uint64_t pattern = tag * MT_LANE_ONES;
    uint64_t hit = mt_lanes_zero(g->tags[0] ^ pattern);
    if (hit)
        return __builtin_ctzll(hit) >> 4;
    hit = mt_lanes_zero(g->tags[1] ^ pattern) & MT_LANES_HIGH;
    return hit ? 4 + (__builtin_ctzll(hit) >> 4) : -1;
}

/* Changes the tag of entry i, which is from, into to. */
static inline void mt_group_retag(struct mt_group *g, int i, uint64_t from, uint64_t to) {
    g->tags[i >> 2] ^= (from ^ to) << (16 * (i & 3));
}

/* Tells whether the table is to be grown, which it is at five of six entries on average: then few
 * blocks leave their group, and a block costs 11 to 14 bytes. */
static inline bool mt_live_is_full(const struct mt_region *r) {
    return r->used >= r->n_groups * 5u;
}

static inline struct mt_group *mt_live_group(const struct mt_region *r, uint32_t i) {
    return (struct mt_group *)r->groups + i;
}

/*
 * Nearly every block lies in the group that its key hashes to. The inline halves do that, and leave
 * the rest (a missed free, a full group, a table to be made or grown, an unknown address) to the
 * halves in live.c.
 */
enum mt_put {
    MT_PUT_FAILED, /* there is no room, or the region's lock could not be had */
    MT_PUT_NEW,
    MT_PUT_OCCUPIED, /* *there is in the table for the address, and stays: its free was missed */
};
MT_HIDDEN enum mt_put mt_live_region_put(struct mt_region *r, uint64_t key, uint64_t word,
                                         struct mt_live_entry *there);
MT_HIDDEN uint64_t mt_live_region_take(struct mt_region *r, uint64_t key,
                                       struct mt_journal *journal);

static inline __attribute__((always_inline)) enum mt_put
mt_live_put_home(struct mt_region *r, uint64_t key, uint64_t word, struct mt_live_entry *there) {
    if (mt_likely(!mt_live_is_full(r))) { /* a region without a table is full */
        struct mt_group *g = mt_live_group(r, mt_group_home(key, r->n_groups));
        if (mt_likely(g->tags[1] < MT_OVERFLOW_ONE && mt_group_find(g, key + 1) < 0)) {
            int free = mt_group_find(g, 0);
            if (mt_likely(free >= 0)) {
                g->entry[free] = word;
                r->used++;
                mt_barrier(); /* if it is left here, the table is grown a little too early */
                mt_group_retag(g, free, 0, key + 1);
                return MT_PUT_NEW;
            }
        }
    }
    return mt_live_region_put(r, key, word, there);
}

static inline __attribute__((always_inline)) uint64_t
mt_live_take_home(struct mt_region *r, uint64_t key, struct mt_journal *journal) {
    if (mt_likely(r->n_groups != 0)) {
        struct mt_group *g = mt_live_group(r, mt_group_home(key, r->n_groups));
        int found = mt_group_find(g, key + 1);
        if (mt_likely(found >= 0)) {
            uint64_t word = g->entry[found];
            if (journal != NULL)
                journal->taking = word;
            mt_barrier();
            mt_group_retag(g, found, key + 1, 0);
            mt_barrier();
            r->used--;
            return word;
        }
    }
    return mt_live_region_take(r, key, journal);
}

static inline bool mt_live_is_regular(uint64_t address) {
    return address < MT_ADDRESS_LIMIT && !(address & 7);
}

/* Finds where a block will be entered, and has its line fetched while the stack is walked. Returns
 * NULL when that is among the big blocks, or there is no room. */
static inline struct mt_region *mt_live_prepare(uint64_t address) {
    if (mt_unlikely(!mt_live_is_regular(address)))
        return NULL;
    struct mt_region *r = mt_live_region(address, true);
    if (mt_likely(r != NULL && r->groups != 0))
        __builtin_prefetch(mt_live_group(r, mt_group_home(mt_live_key(address), r->n_groups)), 1);
    return r;
}

/* Enters a block of less than MT_ENTRY_MAX_BYTES, encoded, in the place that mt_live_prepare has
 * found. */
static inline __attribute__((always_inline)) enum mt_put
mt_live_put_near(struct mt_thread *t, struct mt_region *r, uint64_t address, uint64_t word,
                 struct mt_live_entry *there) {
    if (mt_likely(mt_state_is_alone()))
        return mt_live_put_home(r, mt_live_key(address), word, there);
    if (!mt_live_lock(t, r))
        return MT_PUT_FAILED;
    enum mt_put put = mt_live_put_home(r, mt_live_key(address), word, there);
    mt_live_unlock(r);
    return put;
}

/* Enters any block, in the place that mt_live_prepare has found. */
MT_HIDDEN enum mt_put mt_live_put(struct mt_thread *t, struct mt_region *r, uint64_t address,
                                  struct mt_live_entry entry, struct mt_live_entry *there);

/* Takes a block out of its region, and returns it encoded; 0 when it is not there. Notes the entry
 * in journal before that, unless it is NULL. *dropped says that the lock of the region could not be
 * had. */
static inline __attribute__((always_inline)) uint64_t mt_live_take_near(struct mt_thread *t,
                                                                        uint64_t address,
                                                                        struct mt_journal *journal,
                                                                        bool *dropped) {
    if (mt_unlikely(!mt_live_is_regular(address)))
        return 0;
    struct mt_region *r = mt_live_region(address, false);
    if (mt_unlikely(r == NULL))
        return 0;
    if (mt_likely(mt_state_is_alone()))
        return mt_live_take_home(r, mt_live_key(address), journal);
    if (mt_unlikely(!mt_live_lock(t, r))) {
        *dropped = true;
        return 0;
    }
    uint64_t word = mt_live_take_home(r, mt_live_key(address), journal);
    mt_live_unlock(r);
    return word;
}

/* Takes any block out; site 0 says that it is not there. */
static inline __attribute__((always_inline)) struct mt_live_entry
mt_live_take(struct mt_thread *t, uint64_t address, struct mt_journal *journal, bool *dropped) {
    uint64_t word = mt_live_take_near(t, address, journal, dropped);
    if (mt_unlikely(word == 0 && !*dropped && mt_load_relaxed(&mt_live_big.capacity) != 0))
        return mt_live_big_take(address, journal, dropped);
    return mt_live_decode(word);
}

#ifdef MEMTRACK_CHECKS
/* See track/check.h. To be called while no other thread records. */
MT_HIDDEN const char *mt_live_check(void);
/* Tells whether there is a big block under this key. */
MT_HIDDEN bool mt_live_has_big(uint64_t key);
#endif

#endif
