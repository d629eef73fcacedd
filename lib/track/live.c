/* SPDX-License-Identifier: MIT */
/*
 *   address  47        36 35       25 24      16 15         3
 *           ┌────────────┬───────────┬──────────┬────────────┐
 *           │ directory  │  its leaf │  region  │    key     │
 *           └────────────┴───────────┴──────────┴────────────┘
 *
 * directory -> array of leaves (private) -> leaf of 512 regions (ledger) -> table of 8-byte entries (ledger). A small
 * direct-mapped cache of leaves saves the first two loads. Tables hold 8, 12, 16, 24, 32 ... entries at a load of at
 * most 13/16, which is 10 to 14 bytes a block; outgrown ones are used again by other regions.
 *
 * Entries are found by linear probing from a multiplicative hash of the key, which spreads the evenly spaced
 * addresses of one size class evenly. Deletion moves later entries of the cluster back, so that there are no
 * tombstones and a miss, which each insertion begins with, is short. Rejected: keeping address order (long runs in
 * dense heaps), one table of 16-byte entries (cache misses), tombstones (rehashing under steady churn).
 */
#include "track/live.h"

enum {
    DIRECTORY_SHIFT = 36,
    DIRECTORIES = 1 << (47 - DIRECTORY_SHIFT),
    LEAVES = 1 << (DIRECTORY_SHIFT - MT_LEAF_SHIFT),
    FIRST_CAPACITY = 8,
    LAST_CAPACITY = 12288, /* holds the 8192 keys of a region */
    CAPACITY_CLASSES = 24,
    FIRST_BIG = 512,
};

static struct mt_region **directory[DIRECTORIES];
uint64_t mt_live_leaf_cache[MT_LIVE_LEAF_CACHE];
static uint64_t free_table[CAPACITY_CLASSES]; /* lists through the first word */

struct mt_live_big mt_live_big;
#define big mt_live_big

bool mt_live_start(void) {
    for (int i = 0; i < DIRECTORIES; i++)
        if (directory[i] != NULL)
            mt_os_discard(directory[i], sizeof(struct mt_region *) * LEAVES);
    for (int i = 0; i < MT_LIVE_LEAF_CACHE; i++)
        mt_live_leaf_cache[i] = 0;
    for (int i = 0; i < CAPACITY_CLASSES; i++)
        free_table[i] = 0;
    big.block = NULL;
    big.capacity = big.used = big.index = big.lock = 0;
    return true;
}

/* ---- regions --------------------------------------------------------------------------------------------------- */

static struct mt_region *make_leaf(struct mt_thread *t, uint64_t leaf, struct mt_region **place) {
    if (!mt_growth_lock(t->bank_id))
        return NULL;
    struct mt_region *regions = __atomic_load_n(place, __ATOMIC_ACQUIRE);
    if (regions == NULL) {
        size_t bytes = sizeof(struct mt_region) * MT_REGIONS_PER_LEAF;
        regions = mt_ledger_allocate(&mt_tracker.ledger, bytes, MT_OS_PAGE);
        if (regions != NULL &&
            !mt_ledger_publish(&mt_tracker.ledger, MT_EXTENT_REGIONS, (uint32_t)leaf, regions, bytes))
            regions = NULL;
        __atomic_store_n(place, regions, __ATOMIC_RELEASE);
    }
    mt_growth_unlock();
    return regions;
}

struct mt_region *mt_live_leaf(struct mt_thread *t, uint64_t leaf, bool make) {
    struct mt_region ***d = &directory[leaf / LEAVES];
    struct mt_region **leaves = __atomic_load_n(d, __ATOMIC_ACQUIRE);
    if (leaves == NULL) {
        if (!make || (leaves = mt_os_private(sizeof *leaves * LEAVES)) == NULL)
            return NULL;
        struct mt_region **expected = NULL;
        if (!__atomic_compare_exchange_n(d, &expected, leaves, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
            mt_os_unmap(leaves, sizeof *leaves * LEAVES);
            leaves = expected;
        }
    }
    struct mt_region *regions = __atomic_load_n(&leaves[leaf % LEAVES], __ATOMIC_ACQUIRE);
    if (regions == NULL && make)
        regions = make_leaf(t, leaf, &leaves[leaf % LEAVES]);
    if (regions != NULL)
        __atomic_store_n(&mt_live_leaf_cache[leaf % MT_LIVE_LEAF_CACHE],
                         leaf / MT_LIVE_LEAF_CACHE << 48 | (uint64_t)regions,
                         __ATOMIC_RELAXED); /* one word: tag and pointer cannot disagree */
    return regions;
}

/* ---- tables ---------------------------------------------------------------------------------------------------- */

/* 8, 12, 16, 24, ...: class of a capacity, and the capacity after it. */
static uint32_t class_of(uint32_t capacity) {
    uint32_t log = 31u - (uint32_t)__builtin_clz(capacity);
    return (log - 3) * 2 + (capacity & (capacity - 1) ? 1 : 0);
}

static uint32_t larger(uint32_t capacity) {
    return capacity & (capacity - 1) ? capacity / 3 * 4 : capacity / 2 * 3;
}

static uint64_t *table_new(struct mt_thread *t, uint32_t capacity) {
    if (!mt_growth_lock(t->bank_id))
        return NULL;
    uint64_t *first = &free_table[class_of(capacity)];
    uint64_t *table = (uint64_t *)*first;
    if (table != NULL) {
        *first = table[0];
        for (uint32_t i = 0; i < capacity; i++)
            table[i] = 0;
    } else {
        table = mt_ledger_allocate(&mt_tracker.ledger, capacity * sizeof *table, 32);
    }
    mt_growth_unlock();
    return table;
}

static void table_free(struct mt_thread *t, uint64_t *table, uint32_t capacity) {
    if (!mt_growth_lock(t->bank_id))
        return;
    table[0] = free_table[class_of(capacity)];
    free_table[class_of(capacity)] = (uint64_t)table;
    mt_growth_unlock();
}

bool mt_live_grow(struct mt_thread *t, struct mt_region *r) {
    uint32_t old_capacity = r->capacity, capacity = old_capacity ? larger(old_capacity) : FIRST_CAPACITY;
    uint64_t *old = (uint64_t *)r->entries;
    uint64_t *table = capacity <= LAST_CAPACITY ? table_new(t, capacity) : NULL;
    if (table == NULL)
        return old != NULL && r->used + 1u < old_capacity;
    for (uint32_t i = 0; i < old_capacity; i++) {
        if (old[i] == 0)
            continue;
        uint32_t j = mt_live_home(old[i] >> MT_ENTRY_KEY_SHIFT, capacity);
        while (table[j] != 0)
            j = mt_live_next(j, capacity);
        table[j] = old[i];
    }
    r->entries = (uint64_t)table;
    r->capacity = (uint16_t)capacity;
    if (old != NULL)
        table_free(t, old, old_capacity);
    return true;
}

/* ---- big blocks ------------------------------------------------------------------------------------------------ */

static struct mt_big_block *big_find(uint64_t address) {
    if (big.capacity == 0)
        return NULL;
    uint32_t mask = big.capacity - 1;
    uint32_t i = (uint32_t)((address >> 4) * UINT64_C(0x9E3779B97F4A7C15) >> 32) & mask;
    while (big.block[i].address != 0 && big.block[i].address != address)
        i = (i + 1) & mask;
    return &big.block[i];
}

static bool big_grow(void) {
    uint32_t old_capacity = big.capacity, live = 0;
    struct mt_big_block *old = big.block;
    for (uint32_t i = 0; i < old_capacity; i++)
        live += old[i].address > 1;
    uint32_t capacity = FIRST_BIG;
    while (capacity < live * 4)
        capacity *= 2;
    size_t bytes = capacity * sizeof *old;
    struct mt_big_block *block = mt_ledger_allocate(&mt_tracker.ledger, bytes, 64);
    if (block == NULL)
        return false;
    big.block = block;
    big.capacity = capacity;
    big.used = live;
    for (uint32_t i = 0; i < old_capacity; i++)
        if (old[i].address > 1)
            *big_find(old[i].address) = old[i];
    return mt_ledger_publish(&mt_tracker.ledger, MT_EXTENT_BIG, big.index++, block, bytes);
}

static bool big_make_room(struct mt_thread *t) {
    if (big.used * 4 < big.capacity * 3)
        return true;
    if (!mt_growth_lock(t->bank_id))
        return false;
    bool done = big_grow();
    mt_growth_unlock();
    return done;
}

bool mt_live_big_put(struct mt_thread *t, uint64_t address, struct mt_live_entry entry,
                     struct mt_live_entry *replaced) {
    if (!mt_lock_acquire(&big.lock, t->bank_id))
        return false;
    bool done = big_make_room(t);
    if (done) {
        struct mt_big_block *b = big_find(address);
        if (b->address != 0)
            *replaced = (struct mt_live_entry){b->bytes, b->site};
        else
            big.used++;
        b->bytes = entry.bytes;
        b->site = entry.site;
        __atomic_store_n(&b->address, address, __ATOMIC_RELEASE);
    }
    mt_lock_release(&big.lock);
    return done;
}

struct mt_live_entry mt_live_big_take(struct mt_thread *t, uint64_t address, bool *dropped) {
    struct mt_live_entry found = {0, 0};
    if (!mt_lock_acquire(&big.lock, t->bank_id)) {
        *dropped = true;
        return found;
    }
    struct mt_big_block *b = big_find(address);
    if (b != NULL && b->address != 0) {
        found = (struct mt_live_entry){b->bytes, b->site};
        b->address = 1;
    }
    mt_lock_release(&big.lock);
    return found;
}
