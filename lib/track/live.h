/* SPDX-License-Identifier: MIT */
/*
 * The table of live blocks: address -> (bytes, site). Sharded by 64 KiB of address space, so that blocks that are
 * neighbours in memory, and so often in time, are neighbours in the table. See struct mt_region.
 *
 * Any recording thread; each region is locked while more than one thread records.
 */
#ifndef MT_TRACK_LIVE_H
#define MT_TRACK_LIVE_H

#include "track/tracker.h"

struct mt_live_entry {
    uint64_t bytes;
    mt_site_id site; /* 0: not found */
};

MT_HIDDEN bool mt_live_start(void);

/* ---- what the inline half below needs of live.c ---- */

enum { MT_LIVE_LEAF_CACHE = 256 };
MT_HIDDEN extern uint64_t mt_live_leaf_cache[]; /* leaf number bits 8.. in the upper 16 bits, address below */
struct mt_live_big {
    struct mt_big_block *block;
    uint32_t capacity, used, index; /* used counts deleted ones too */
    uint32_t lock;
};
MT_HIDDEN extern struct mt_live_big mt_live_big;
MT_HIDDEN struct mt_region *mt_live_leaf(struct mt_thread *t, uint64_t leaf, bool make);
MT_HIDDEN bool mt_live_grow(struct mt_thread *t, struct mt_region *r);
MT_HIDDEN bool mt_live_big_put(struct mt_thread *t, uint64_t address, struct mt_live_entry entry,
                               struct mt_live_entry *replaced);
MT_HIDDEN struct mt_live_entry mt_live_big_take(struct mt_thread *t, uint64_t address, bool *dropped);

static inline struct mt_region *mt_live_region(struct mt_thread *t, uint64_t address, bool make) {
    uint64_t leaf = address >> MT_LEAF_SHIFT;
    uint64_t cached = __atomic_load_n(&mt_live_leaf_cache[leaf % MT_LIVE_LEAF_CACHE], __ATOMIC_RELAXED);
    struct mt_region *regions = (struct mt_region *)(cached & MT_NODE_ADDRESS_MASK);
    if (mt_unlikely(cached >> 48 != leaf / MT_LIVE_LEAF_CACHE || regions == NULL)) {
        regions = mt_live_leaf(t, leaf, make);
        if (regions == NULL)
            return NULL;
    }
    return &regions[(address >> MT_REGION_SHIFT) % MT_REGIONS_PER_LEAF];
}

static inline bool mt_live_lock(struct mt_thread *t, struct mt_region *r) {
    uint32_t expected = 0;
    return mt_likely(__atomic_compare_exchange_n(&r->lock, &expected, t->bank_id, false, __ATOMIC_ACQUIRE,
                                                 __ATOMIC_RELAXED)) ||
           mt_lock_acquire(&r->lock, t->bank_id);
}

static inline uint64_t mt_live_key(uint64_t address) {
    return (address >> 3) & 8191;
}

static inline uint32_t mt_live_home(uint64_t key, uint32_t capacity) {
    return (uint32_t)(((uint64_t)(uint32_t)(key * 0x9E3779B1u) * capacity) >> 32);
}

static inline uint32_t mt_live_next(uint32_t i, uint32_t capacity) {
    return ++i == capacity ? 0 : i;
}

static struct mt_live_entry mt_live_decode(uint64_t entry) {
    return (struct mt_live_entry){.bytes = (entry >> MT_ENTRY_BYTES_SHIFT) & MT_ENTRY_BYTES_MASK,
                                  .site = (mt_site_id)(entry & MT_ENTRY_SITE_MASK)};
}

/* Small tables are kept half empty: they cost nothing, and probing does. */
static inline uint32_t mt_live_most_used(uint32_t capacity) {
    return capacity <= 256 ? capacity / 2 : capacity * 13 / 16;
}

static inline __attribute__((always_inline)) bool mt_live_region_put(struct mt_thread *t, struct mt_region *r,
                                                                     uint64_t key, struct mt_live_entry entry,
                                                                     struct mt_live_entry *replaced) {
    if (mt_unlikely(r->used >= mt_live_most_used(r->capacity)) && !mt_live_grow(t, r))
        return false;
    uint64_t *table = (uint64_t *)r->entries;
    uint32_t capacity = r->capacity, i = mt_live_home(key, capacity);
    uint64_t word = key << MT_ENTRY_KEY_SHIFT | entry.bytes << MT_ENTRY_BYTES_SHIFT | entry.site;
    for (; table[i] != 0; i = mt_live_next(i, capacity)) {
        if (mt_unlikely(table[i] >> MT_ENTRY_KEY_SHIFT == key)) {
            *replaced = mt_live_decode(table[i]);
            table[i] = word;
            return true;
        }
    }
    table[i] = word;
    r->used++;
    return true;
}

/* Close the gap at i: entries after it that would not be found across it move into it. */
static inline void mt_live_close_gap(uint64_t *table, uint32_t capacity, uint32_t i) {
    uint32_t gap = i;
    for (i = mt_live_next(i, capacity); table[i] != 0; i = mt_live_next(i, capacity)) {
        uint32_t h = mt_live_home(table[i] >> MT_ENTRY_KEY_SHIFT, capacity);
        bool reachable = gap <= i ? (h > gap && h <= i) : (h > gap || h <= i);
        if (!reachable) {
            table[gap] = table[i];
            gap = i;
        }
    }
    table[gap] = 0;
}

static inline __attribute__((always_inline)) struct mt_live_entry mt_live_region_take(struct mt_region *r,
                                                                                      uint64_t key) {
    uint64_t *table = (uint64_t *)r->entries;
    uint32_t capacity = r->capacity;
    if (mt_unlikely(capacity == 0))
        return (struct mt_live_entry){0, 0};
    for (uint32_t i = mt_live_home(key, capacity); table[i] != 0; i = mt_live_next(i, capacity)) {
        if (table[i] >> MT_ENTRY_KEY_SHIFT == key) {
            struct mt_live_entry found = mt_live_decode(table[i]);
            mt_live_close_gap(table, capacity, i);
            r->used--;
            return found;
        }
    }
    return (struct mt_live_entry){0, 0};
}

static inline bool mt_live_is_regular(uint64_t address) {
    return address < MT_ADDRESS_LIMIT && !(address & 7);
}

/* Enter a block. *replaced is what was entered for its address before (site 0: nothing): its free was missed.
 * False: no room, or the shard's lock could not be had. */
static inline __attribute__((always_inline)) bool
mt_live_put(struct mt_thread *t, uint64_t address, struct mt_live_entry entry, struct mt_live_entry *replaced) {
    if (mt_unlikely(entry.bytes >= MT_ENTRY_MAX_BYTES || !mt_live_is_regular(address)))
        return mt_live_big_put(t, address, entry, replaced);
    struct mt_region *r = mt_live_region(t, address, true);
    if (mt_unlikely(r == NULL))
        return false;
    if (mt_likely(mt_tracker_alone()))
        return mt_live_region_put(t, r, mt_live_key(address), entry, replaced);
    if (!mt_live_lock(t, r))
        return false;
    bool done = mt_live_region_put(t, r, mt_live_key(address), entry, replaced);
    mt_lock_release(&r->lock);
    return done;
}

/* Take a block out. *dropped: its shard's lock could not be had. */
static inline __attribute__((always_inline)) struct mt_live_entry mt_live_take(struct mt_thread *t, uint64_t address,
                                                                               bool *dropped) {
    struct mt_live_entry found = {0, 0};
    if (mt_likely(mt_live_is_regular(address))) {
        struct mt_region *r = mt_live_region(t, address, false);
        if (mt_likely(r != NULL)) {
            bool alone = mt_tracker_alone();
            if (mt_unlikely(!alone && !mt_live_lock(t, r))) {
                *dropped = true;
                return found;
            }
            found = mt_live_region_take(r, mt_live_key(address));
            if (mt_unlikely(!alone))
                mt_lock_release(&r->lock);
        }
    }
    if (mt_unlikely(found.site == 0 && mt_live_big.capacity != 0))
        found = mt_live_big_take(t, address, dropped);
    return found;
}

#endif
