/* SPDX-License-Identifier: MIT */
/*
 *   address  47        36 35       25 24      16 15         3
 *           ┌────────────┬───────────┬──────────┬────────────┐
 *           │ directory  │  its leaf │  region  │    key     │
 *           └────────────┴───────────┴──────────┴────────────┘
 *
 * directory -> array of leaves (private) -> leaf of 512 regions (ledger) -> table of groups
 * (ledger). A small direct-mapped cache of leaves saves the first two loads. A table is grown when
 * five of six entries are in use on average, which is 11 to 14 bytes a block; outgrown ones are
 * used again by other regions.
 *
 * One cache line answers nearly every question: tags, entries and the count that says whether to
 * look further lie in it together. Tried and rejected: keeping address order (long runs in dense
 * heaps), one table of 16-byte entries (cache misses), linear probing over 8-byte entries with
 * backward-shift deletion (long clusters at this load), tombstones (rehashing under steady churn).
 */
#include "track/live/live.h"

#include "base/atomic.h"
#include "base/pages.h"
#include "ledger/invariants.h"
#include "ledger/writer/table.h"

enum {
    DIRECTORY_SHIFT = 36,
    DIRECTORIES = 1 << (47 - DIRECTORY_SHIFT),
    LEAVES = 1 << (DIRECTORY_SHIFT - MT_LEAF_SHIFT),
    SIZE_CLASSES = 42, /* the last holds the 8192 keys of a region */
    FIRST_BIG = 512,
};

static struct mt_region **directory[DIRECTORIES];
uint64_t mt_live_leaf_cache[MT_LIVE_LEAF_CACHE];
static uint64_t free_table[SIZE_CLASSES]; /* each is a list, linked by first entries */

struct mt_live_big mt_live_big;

bool mt_live_start(void) {
    for (int i = 0; i < DIRECTORIES; i++)
        if (directory[i] != NULL)
            mt_pages_discard(directory[i], sizeof(struct mt_region *) * LEAVES);
    for (int i = 0; i < MT_LIVE_LEAF_CACHE; i++)
        mt_live_leaf_cache[i] = 0;
    for (int i = 0; i < SIZE_CLASSES; i++)
        free_table[i] = 0;
    mt_live_big.block = NULL;
    mt_live_big.capacity = mt_live_big.used = mt_live_big.index = 0;
    mt_live_big.lock = (struct mt_lock){0};
    return true;
}

/* ---- regions --------------------------------------------------------------------------------- */

static struct mt_region *make_leaf(uint64_t leaf, struct mt_region **place) {
    if (!mt_state_lock_growth())
        return NULL;
    struct mt_region *regions = mt_load_acquire(place); /* if it is there, it is seen zeroed */
    if (regions == NULL)
        regions = mt_table_published(&mt_state.ledger, MT_EXTENT_REGIONS, (uint32_t)leaf);
    if (regions == NULL) {
        size_t bytes = sizeof(struct mt_region) * MT_REGIONS_PER_LEAF;
        bool is_private;
        /* It is aligned to its own size: see next_class. */
        regions = mt_writer_allocate_blocks(&mt_state.ledger, bytes, bytes, &is_private);
        /* Where there is no room for an extent, readers do without. */
        if (regions != NULL && !is_private)
            mt_writer_publish(&mt_state.ledger, MT_EXTENT_REGIONS, (uint32_t)leaf, regions, bytes);
    }
    mt_store_release(place, regions); /* whoever finds it finds it zeroed */
    mt_state_unlock_growth();
    return regions;
}

struct mt_region *mt_live_leaf(uint64_t leaf, bool make) {
    struct mt_region ***d = &directory[leaf / LEAVES];
    struct mt_region **leaves = mt_load_acquire(d); /* if it is there, it is seen zeroed */
    if (leaves == NULL) {
        if (!make || (leaves = mt_pages_new(sizeof *leaves * LEAVES)) == NULL)
            return NULL;
        struct mt_region **expected = NULL;
        if (!mt_replace_both(d, &expected, leaves)) {
            mt_pages_unmap(leaves, sizeof *leaves * LEAVES);
            leaves = expected;
        }
    }
    struct mt_region *regions = mt_load_acquire(&leaves[leaf % LEAVES]);
    if (regions == NULL && make)
        regions = make_leaf(leaf, &leaves[leaf % LEAVES]);
    if (regions != NULL) /* tag and address are one word, so that they cannot disagree */
        mt_store_relaxed(&mt_live_leaf_cache[leaf % MT_LIVE_LEAF_CACHE],
                         mt_live_leaf_tag(leaf) << 48 | (uint64_t)regions);
    return regions;
}

/* ---- groups ---------------------------------------------------------------------------------- */

/* Puts an entry into a table that is not full and does not hold key. */
static void insert(struct mt_region *r, uint64_t key, uint64_t word) {
    uint32_t i = mt_group_home(key, r->n_groups);
    for (;;) {
        struct mt_group *g = mt_live_group(r, i);
        int free = mt_group_find(g, 0);
        if (mt_likely(free >= 0)) {
            g->entry[free] = word;
            r->used++;
            mt_barrier();
            mt_group_retag(g, free, 0, key + 1);
            return;
        }
        g->tags[1] += MT_OVERFLOW_ONE;
        i = i + 1 == r->n_groups ? 0 : i + 1;
    }
}

/* Returns the group that key is in, and its entry there, or NULL. */
static struct mt_group *search(const struct mt_region *r, uint64_t key, int *entry) {
    if (mt_unlikely(r->n_groups == 0))
        return NULL;
    uint32_t i = mt_group_home(key, r->n_groups);
    for (uint32_t n = 0; n < r->n_groups; n++) {
        struct mt_group *g = mt_live_group(r, i);
        *entry = mt_group_find(g, key + 1);
        if (mt_likely(*entry >= 0))
            return g;
        if (mt_likely(g->tags[1] < MT_OVERFLOW_ONE))
            return NULL;
        i = i + 1 == r->n_groups ? 0 : i + 1;
    }
    return NULL;
}

/* ---- tables ---------------------------------------------------------------------------------- */

/* Returns the i-th of 1, 2, 3, 4, and then four steps to each doubling: 5, 6, 7, 8, 10, 12, 14, 16,
 * and so on. */
static uint32_t groups_of_class(uint32_t i) {
    /* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): i is below SIZE_CLASSES */
    return i < 4 ? i + 1 : (4 + i % 4 + 1) << (i / 4 - 1);
}

static uint32_t class_of(uint32_t n_groups) {
    uint32_t i =
        n_groups <= 4 ? n_groups - 1 : (30u - (uint32_t)__builtin_clz(n_groups - 1)) * 4 - 4;
    while (groups_of_class(i) < n_groups)
        i++;
    return i;
}

/* Returns the size class of the region's next table. Small tables double; larger ones grow by a
 * quarter, since there it is memory that counts. A region begins as large as the one below it has
 * become: heaps grow upwards, and neighbours hold blocks of the same kind. */
static uint32_t next_class(const struct mt_region *r) {
    if (r->n_groups != 0)
        return r->n_groups < 16 ? class_of(r->n_groups * 2u) : class_of(r->n_groups) + 1;
    bool is_first = ((uint64_t)r & (sizeof *r * MT_REGIONS_PER_LEAF - 1)) == 0;
    const struct mt_region *below = r - 1;
    if (is_first || below->n_groups < 4)
        return 0;
    return class_of(below->used >= below->n_groups * 4u ? below->n_groups : below->n_groups / 2u);
}

static struct mt_group *table_new(uint32_t size_class) {
    if (!mt_state_lock_growth())
        return NULL;
    uint32_t n_groups = groups_of_class(size_class);
    struct mt_group *table = (struct mt_group *)free_table[size_class];
    if (table != NULL) {
        free_table[size_class] = table->entry[0];
        for (uint32_t i = 0; i < n_groups; i++)
            table[i] = (struct mt_group){0};
    } else {
        bool is_private;
        table = mt_writer_allocate_blocks(&mt_state.ledger, n_groups * sizeof *table, sizeof *table,
                                          &is_private);
    }
    mt_state_unlock_growth();
    return table;
}

static void table_free(struct mt_group *table, uint32_t n_groups) {
    if (!mt_state_lock_growth())
        return;
    table->entry[0] = free_table[class_of(n_groups)];
    free_table[class_of(n_groups)] = (uint64_t)table;
    mt_state_unlock_growth();
}

static bool grow(struct mt_region *r) {
    uint32_t size_class = next_class(r);
    struct mt_group *table = size_class < SIZE_CLASSES ? table_new(size_class) : NULL;
    if (table == NULL)
        return r->used + 1u < r->n_groups * (uint32_t)MT_GROUP_ENTRIES;
    struct mt_region grown = {.groups = (uint64_t)table,
                              .n_groups = (uint16_t)groups_of_class(size_class)};
    for (uint32_t i = 0; i < r->n_groups; i++) {
        const struct mt_group *g = mt_live_group(r, i);
        for (uint32_t j = 0; j < MT_GROUP_ENTRIES; j++) {
            uint64_t tag = g->tags[j >> 2] >> (16 * (j & 3)) & 0xffff;
            if (tag != 0)
                insert(&grown, tag - 1, g->entry[j]);
        }
    }
    struct mt_group *old = (struct mt_group *)r->groups;
    uint32_t old_groups = r->n_groups;
    grown.lock = r->lock;
    uint64_t words[2];
    __builtin_memcpy(words, &grown, sizeof words);
    mt_store_pair(r, words[0], words[1]); /* the count of what is in it, made anew, comes along */
    if (old_groups != 0)
        table_free(old, old_groups);
    return true;
}

enum mt_put mt_live_region_put(struct mt_region *r, uint64_t key, uint64_t word,
                               struct mt_live_entry *there) {
    int found;
    const struct mt_group *g = search(r, key, &found);
    if (g != NULL) {
        *there = mt_live_decode(g->entry[found]);
        return MT_PUT_OCCUPIED;
    }
    if (mt_live_is_full(r) && !grow(r))
        return MT_PUT_FAILED;
    insert(r, key, word);
    return MT_PUT_NEW;
}

uint64_t mt_live_region_take(struct mt_region *r, uint64_t key, struct mt_journal *journal) {
    int found;
    struct mt_group *g = search(r, key, &found);
    if (g == NULL)
        return 0;
    uint64_t word = g->entry[found];
    if (journal != NULL)
        journal->taking = word;
    mt_barrier();
    mt_group_retag(g, found, key + 1, 0);
    mt_barrier();
    r->used--;
    uint32_t i = mt_group_home(key, r->n_groups);
    for (struct mt_group *home = mt_live_group(r, i); home != g; home = mt_live_group(r, i)) {
        home->tags[1] -= MT_OVERFLOW_ONE;
        i = i + 1 == r->n_groups ? 0 : i + 1;
    }
    return word;
}

/* ---- big blocks ------------------------------------------------------------------------------ */

/* Returns where address is in a table or, when it is not there, where it may be put. */
static struct mt_big_block *big_find_in(struct mt_big_block *table, uint32_t capacity,
                                        uint64_t address) {
    struct mt_big_block *deleted = NULL;
    uint32_t mask = capacity - 1;
    uint32_t i = (uint32_t)((address >> 4) * UINT64_C(0x9E3779B97F4A7C15) >> 32) & mask;
    for (;; i = (i + 1) & mask) {
        struct mt_big_block *b = &table[i];
        if (b->address == address)
            return b;
        if (b->address == 0)
            return deleted != NULL ? deleted : b;
        if (b->address == 1 && deleted == NULL)
            deleted = b;
    }
}

static struct mt_big_block *big_find(uint64_t address) {
    if (mt_live_big.capacity == 0)
        return NULL;
    return big_find_in(mt_live_big.block, mt_live_big.capacity, address);
}

/* Deletes a block, and empties the places of deleted ones at the end of a run, since they are in
 * nobody's way any more. Otherwise blocks that come and go would fill the table, and each new table
 * would be memory of the ledger for good. */
static void big_delete(struct mt_big_block *b) {
    uint32_t mask = mt_live_big.capacity - 1, i = (uint32_t)(b - mt_live_big.block);
    b->address = 1;
    if (mt_live_big.block[(i + 1) & mask].address != 0)
        return;
    for (; mt_live_big.block[i].address == 1; i = (i - 1) & mask) {
        mt_live_big.block[i].address = 0;
        mt_live_big.used--;
    }
}

static bool big_grow(void) {
    uint32_t old_capacity = mt_live_big.capacity, live = 0;
    struct mt_big_block *old = mt_live_big.block;
    for (uint32_t i = 0; i < old_capacity; i++)
        live += old[i].address > 1;
    uint32_t capacity = FIRST_BIG;
    while (capacity < live * 4)
        capacity *= 2;
    size_t bytes = capacity * sizeof *old;
    bool is_private;
    struct mt_big_block *block =
        mt_writer_allocate_blocks(&mt_state.ledger, bytes, 64, &is_private);
    if (block == NULL)
        return false;
    for (uint32_t i = 0; i < old_capacity; i++)
        if (old[i].address > 1)
            *big_find_in(block, capacity, old[i].address) = old[i];
    bool is_published = !is_private && mt_writer_publish(&mt_state.ledger, MT_EXTENT_BIG,
                                                         mt_live_big.index++, block, bytes);
    mt_store_pair(&mt_live_big, (uint64_t)block, (uint64_t)live << 32 | capacity);
    for (uint32_t i = 0; !is_published && i < old_capacity; i++)
        old[i].address = 0; /* readers still look in the old table, and its blocks have moved */
    return true;
}

static bool big_make_room(void) {
    if (mt_live_big.used * 4 < mt_live_big.capacity * 3)
        return true;
    if (!mt_state_lock_growth())
        return false;
    bool done = big_grow();
    mt_state_unlock_growth();
    return done;
}

static enum mt_put big_enter(uint64_t address, struct mt_live_entry entry,
                             struct mt_live_entry *there) {
    if (!big_make_room())
        return MT_PUT_FAILED;
    struct mt_big_block *b = big_find(address);
    if (b->address == address) {
        *there = (struct mt_live_entry){b->bytes, b->site, b->era};
        return MT_PUT_OCCUPIED;
    }
    mt_live_big.used += b->address == 0;
    b->bytes = entry.bytes;
    b->site = entry.site;
    b->era = entry.era;
    mt_store_release(&b->address, address); /* whoever sees it sees the whole entry */
    return MT_PUT_NEW;
}

static enum mt_put big_put(uint64_t address, struct mt_live_entry entry,
                           struct mt_live_entry *there) {
    if (!mt_lock_acquire(&mt_live_big.lock, MT_RANK_BIG))
        return MT_PUT_FAILED;
    enum mt_put put = big_enter(address, entry, there);
    mt_lock_release(&mt_live_big.lock, MT_RANK_BIG);
    return put;
}

enum mt_put mt_live_put(struct mt_thread *t, struct mt_region *r, uint64_t address,
                        struct mt_live_entry entry, struct mt_live_entry *there) {
    if (entry.bytes >= MT_ENTRY_MAX_BYTES || !mt_live_is_regular(address))
        return big_put(address, entry, there);
    return r == NULL ? MT_PUT_FAILED
                     : mt_live_put_near(t, r, address, mt_live_encode(entry), there);
}

struct mt_live_entry mt_live_big_take(uint64_t address, struct mt_journal *journal, bool *dropped) {
    struct mt_live_entry found = {0};
    if (!mt_lock_acquire(&mt_live_big.lock, MT_RANK_BIG)) {
        *dropped = true;
        return found;
    }
    struct mt_big_block *b = big_find(address);
    if (b != NULL && b->address == address) {
        found = (struct mt_live_entry){b->bytes, b->site, b->era};
        if (journal != NULL)
            mt_live_note(&journal->taking, journal, found);
        mt_barrier();
        big_delete(b);
    }
    mt_lock_release(&mt_live_big.lock, MT_RANK_BIG);
    return found;
}

/* ---- looking --------------------------------------------------------------------------------- */

static struct mt_live_entry look_in_region(struct mt_thread *t, uint64_t address) {
    struct mt_live_entry entry = {0};
    struct mt_region *r = mt_live_is_regular(address) ? mt_live_region(address, false) : NULL;
    bool alone = mt_state_is_alone();
    if (r == NULL || (!alone && !mt_live_lock(t, r)))
        return entry;
    int found;
    const struct mt_group *g = search(r, mt_live_key(address), &found);
    if (g != NULL)
        entry = mt_live_decode(g->entry[found]);
    if (!alone)
        mt_live_unlock(r);
    return entry;
}

static struct mt_live_entry look_in_big(uint64_t address) {
    struct mt_live_entry entry = {0};
    if (!mt_lock_acquire(&mt_live_big.lock, MT_RANK_BIG))
        return entry;
    const struct mt_big_block *b = big_find(address);
    if (b != NULL && b->address == address)
        entry = (struct mt_live_entry){b->bytes, b->site, b->era};
    mt_lock_release(&mt_live_big.lock, MT_RANK_BIG);
    return entry;
}

struct mt_live_entry mt_live_look(struct mt_thread *t, uint64_t address) {
    struct mt_live_entry entry = look_in_region(t, address);
    return entry.site == 0 && mt_live_big.capacity != 0 ? look_in_big(address) : entry;
}

/* ---- mending --------------------------------------------------------------------------------- */

/* Counts anew what is in a region. Until that is done, the region counts less than can be found. If
 * this is left, it is done again, as after any event. */
static void mend_region(struct mt_region *r) {
    uint32_t used = 0;
    for (uint32_t i = 0; i < r->n_groups; i++)
        mt_live_group(r, i)->tags[1] &= MT_OVERFLOW_ONE - 1;
    for (uint32_t i = 0; i < r->n_groups * (uint32_t)MT_GROUP_ENTRIES; i++) {
        uint64_t tag = mt_group_tag(mt_live_group(r, i / MT_GROUP_ENTRIES), i % MT_GROUP_ENTRIES);
        if (tag == 0)
            continue;
        used++;
        for (uint32_t home = mt_group_home(tag - 1, r->n_groups); home != i / MT_GROUP_ENTRIES;
             home = home + 1 == r->n_groups ? 0 : home + 1)
            mt_live_group(r, home)->tags[1] += MT_OVERFLOW_ONE;
    }
    r->used = (uint16_t)used;
}

static void mend_big(void) {
    uint32_t used = 0;
    if (mt_live_big.capacity == 0 || !mt_lock_acquire(&mt_live_big.lock, MT_RANK_BIG))
        return;
    for (uint32_t i = 0; i < mt_live_big.capacity; i++)
        used += mt_live_big.block[i].address != 0;
    mt_live_big.used = used;
    mt_lock_release(&mt_live_big.lock, MT_RANK_BIG);
}

void mt_live_mend(struct mt_thread *t, uint64_t address) {
    struct mt_region *r = mt_live_is_regular(address) ? mt_live_region(address, false) : NULL;
    bool alone = mt_state_is_alone();
    mend_big();
    if (r == NULL || (!alone && !mt_live_lock(t, r)))
        return;
    mend_region(r);
    if (!alone)
        mt_live_unlock(r);
}

/* ---- eras ------------------------------------------------------------------------------------ */

struct era_change {
    uint32_t from, to, now;
};

static bool is_meant(const struct era_change *e, uint32_t era) {
    return era - e->from <= e->to - e->from;
}

static void set_era_of_region(struct mt_region *r, const struct era_change *e) {
    for (uint32_t i = 0; i < r->n_groups; i++) {
        struct mt_group *g = mt_live_group(r, i);
        for (int j = 0; j < MT_GROUP_ENTRIES; j++) {
            struct mt_live_entry entry = mt_live_decode(g->entry[j]);
            if (!is_meant(e, entry.era))
                continue;
            entry.era = e->now;
            g->entry[j] = mt_live_encode(entry);
        }
    }
}

static void set_era_of_leaf(struct mt_thread *t, struct mt_region *regions,
                            const struct era_change *e) {
    for (int i = 0; regions != NULL && i < MT_REGIONS_PER_LEAF; i++) {
        if (regions[i].n_groups == 0 || (!mt_state_is_alone() && !mt_live_lock(t, &regions[i])))
            continue;
        set_era_of_region(&regions[i], e);
        if (!mt_state_is_alone())
            mt_live_unlock(&regions[i]);
    }
}

static void set_era_of_big(const struct era_change *e) {
    if (!mt_lock_acquire(&mt_live_big.lock, MT_RANK_BIG))
        return;
    for (uint32_t i = 0; i < mt_live_big.capacity; i++)
        if (is_meant(e, mt_live_big.block[i].era))
            mt_live_big.block[i].era = e->now;
    mt_lock_release(&mt_live_big.lock, MT_RANK_BIG);
}

void mt_live_set_era(struct mt_thread *t, uint32_t from, uint32_t to, uint32_t now) {
    struct era_change e = {from, to, now};
    for (int i = 0; i < DIRECTORIES; i++) {
        struct mt_region **leaves = mt_load_acquire(&directory[i]);
        for (int j = 0; leaves != NULL && j < LEAVES; j++)
            set_era_of_leaf(t, mt_load_acquire(&leaves[j]), &e);
    }
    set_era_of_big(&e);
}

/* ---- all of them ----------------------------------------------------------------------------- */

static uint32_t list_region(const struct mt_region *r, uint64_t base, uint64_t *address) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < r->n_groups; i++) {
        const struct mt_group *g = mt_live_group(r, i);
        for (uint32_t j = 0; j < MT_GROUP_ENTRIES; j++) {
            uint64_t tag = g->tags[j >> 2] >> (16 * (j & 3)) & 0xffff;
            if (tag != 0 && n < MT_LIVE_LISTED)
                address[n++] = base + (tag - 1) * 8;
        }
    }
    return n;
}

static uint32_t list_locked(struct mt_thread *t, struct mt_region *r, uint64_t base,
                            uint64_t *address) {
    bool alone = mt_state_is_alone();
    if (r->n_groups == 0 || (!alone && !mt_live_lock(t, r)))
        return 0;
    uint32_t n = list_region(r, base, address);
    if (!alone)
        mt_live_unlock(r);
    return n;
}

/* Returns the leaf that the cursor stands in, or the next one that there is, or NULL when there are
 * no more. */
static struct mt_region *leaf_at(struct mt_live_cursor *c) {
    for (; c->leaf < (uint32_t)DIRECTORIES * LEAVES; c->leaf++, c->region = 0) {
        struct mt_region **leaves = mt_load_acquire(&directory[c->leaf / LEAVES]);
        if (leaves == NULL) {
            c->leaf |= LEAVES - 1;
            continue;
        }
        struct mt_region *regions = mt_load_acquire(&leaves[c->leaf % LEAVES]);
        if (regions != NULL && c->region < MT_REGIONS_PER_LEAF)
            return regions;
    }
    return NULL;
}

static uint32_t list_big(struct mt_live_cursor *c, uint64_t *address) {
    uint32_t n = 0;
    if (c->big >= mt_live_big.capacity || !mt_lock_acquire(&mt_live_big.lock, MT_RANK_BIG))
        return 0;
    for (; c->big < mt_live_big.capacity && n < MT_LIVE_LISTED; c->big++) {
        uint64_t found = mt_live_big.block[c->big].address;
        if (found > 1 && found < MT_ADDRESS_LIMIT)
            address[n++] = found;
    }
    mt_lock_release(&mt_live_big.lock, MT_RANK_BIG);
    return n;
}

uint32_t mt_live_list(struct mt_thread *t, struct mt_live_cursor *c, uint64_t *address) {
    for (struct mt_region *regions; (regions = leaf_at(c)) != NULL;) {
        uint64_t base =
            ((uint64_t)c->leaf << MT_LEAF_SHIFT) + ((uint64_t)c->region << MT_REGION_SHIFT);
        uint32_t n = list_locked(t, &regions[c->region++], base, address);
        if (n != 0)
            return n;
    }
    return list_big(c, address);
}

/* ---- the walker ------------------------------------------------------------------------------ */

#ifdef MEMTRACK_CHECKS
static const char *check_leaf(const struct mt_region *regions, const struct mt_limits *limits) {
    static uint32_t past[1 << 16]; /* one thread checks at a time */
    static uint64_t seen[MT_REGION_KEYS / 64];
    struct mt_region_census census = {.past = past, .seen = seen};
    const char *violation = NULL;
    for (int i = 0; regions != NULL && violation == NULL && i < MT_REGIONS_PER_LEAF; i++) {
        const struct mt_region *r = &regions[i];
        if (r->n_groups == 0)
            continue;
        violation = mt_region_fault(r, mt_live_group(r, 0), &census, limits);
        if (violation == NULL)
            violation = mt_region_miscount(r, mt_live_group(r, 0), &census);
    }
    return violation;
}

static const char *check_big(const struct mt_limits *limits) {
    uint32_t used = 0;
    for (uint32_t i = 0; i < mt_live_big.capacity; i++) {
        struct mt_big_block *b = &mt_live_big.block[i];
        used += b->address != 0;
        if (b->address <= 1)
            continue;
        MT_MUST(big_find(b->address) == b, "live: a big block cannot be found, or is there twice");
        MT_MUST(b->site > 0 && b->site < limits->n_sites,
                "live: the site of a big block is not there");
    }
    MT_MUST(used == mt_live_big.used, "live: there are not as many big blocks as it says");
    MT_MUST(used < mt_live_big.capacity || used == 0,
            "live: big blocks are full, and a search would not end");
    return NULL;
}

bool mt_live_has_big(uint64_t key) {
    const struct mt_big_block *b = big_find(key);
    return b != NULL && b->address == key;
}

const char *mt_live_check(void) {
    struct mt_limits limits = mt_limits_of(mt_state.header);
    const char *violation = check_big(&limits);
    for (int i = 0; i < DIRECTORIES; i++) {
        uint64_t begin = (uint64_t)directory[i];
        if (begin == 0 || !mt_os_is_mapped(begin, begin + sizeof(struct mt_region *) * LEAVES))
            continue; /* a program that unmaps more than it has mapped can unmap this, too */
        for (int j = 0; violation == NULL && j < LEAVES; j++)
            violation = check_leaf(directory[i][j], &limits);
    }
    return violation;
}
#endif
