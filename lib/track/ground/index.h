/* SPDX-License-Identifier: MIT */
/*
 * A growing set of 32-bit ids by 64-bit hash, for what lives in append-only arrays: the ids are the
 * only thing stored, the caller compares what they stand for. Private memory. One writer (under the
 * caller's lock), readers without.
 *
 * A table that becomes too small is moved into one of twice its size a few slots at a time, with
 * each id that comes, since other threads wait for the lock meanwhile: of a million ids, all at
 * once would take them the better part of a second. Readers search the old one until the new one
 * has everything.
 *
 *   table │ in next, too │        not yet        │     next │ ids of the slots below n_moved │
 *         └── n_moved ──►
 *
 * A table that has been outgrown is discarded, not unmapped, and by pieces: a late reader sees
 * zeros there, takes them for a miss, and asks again under the lock.
 */
#ifndef MT_TRACK_INDEX_H
#define MT_TRACK_INDEX_H

#include "base/atomic.h"
#include "base/os.h"

struct mt_index_table {
    uint32_t bits;
    /* An id (28) and 4 bits of its hash, which spare most looks at other ids; 0: empty. */
    uint32_t slot[];
};
enum { MT_INDEX_ID_BITS = 28 };
enum {
    MT_INDEX_STEP = 16,
    MT_INDEX_PIECE = 256 << 10
}; /* how many slots are moved, and bytes given back, with each id */
struct mt_index {
    struct mt_index_table *table;  /* what readers search */
    struct mt_index_table *next;   /* NULL: table is not being moved */
    struct mt_index_table *former; /* NULL: all memory of it has been given back */
    uint32_t used;
    uint32_t n_moved;  /* slots of table; new ids that come to lie among them go into both */
    size_t given_back; /* bytes of former */
    uint64_t (*hash_of)(uint32_t id); /* to move ids into a larger table */
};

static inline uint64_t mt_index_mix(uint64_t a, uint64_t b) {
    uint64_t h = a * UINT64_C(0x9E3779B97F4A7C15) ^ (b + 1) * UINT64_C(0xC2B2AE3D27D4EB4F);
    h ^= h >> 29;
    return h * UINT64_C(0xBF58476D1CE4E5B9);
}

/* Returns what a slot holds for an id with this hash. */
static inline uint32_t mt_index_slot(uint64_t hash, uint32_t id) {
    return id | (uint32_t)hash << MT_INDEX_ID_BITS;
}

/* Go through the ids that can be the one for hash: *at begins with mt_index_home, and
 * mt_index_candidate returns the next such id, or 0 when there is none. */
static inline uint32_t mt_index_home(const struct mt_index_table *t, uint64_t hash) {
    return (uint32_t)(hash >> (64 - t->bits));
}
static inline uint32_t mt_index_candidate(const struct mt_index_table *t, uint64_t hash,
                                          uint32_t *at) {
    for (uint32_t slot;;) {
        slot = mt_load_acquire(&t->slot[*at]); /* what the id stands for is seen too */
        *at = (*at + 1) & ((1u << t->bits) - 1);
        if (slot == 0)
            return 0;
        if ((slot ^ mt_index_slot(hash, 0)) >> MT_INDEX_ID_BITS == 0)
            return slot & ((1u << MT_INDEX_ID_BITS) - 1);
    }
}

/* Makes the set empty; a former table is unmapped, so no reader may be left. Returns false when
 * there is no memory. */
MT_HIDDEN bool mt_index_start(struct mt_index *x, uint64_t (*hash_of)(uint32_t));
/* Gives its memory back. It is as before mt_index_start, and nobody may look anything up. */
MT_HIDDEN void mt_index_end(struct mt_index *x);
/* Makes room for one more id; is to be called before each insertion. Returns false when there is no
 * memory and the table is full. */
MT_HIDDEN bool mt_index_reserve(struct mt_index *x);
/* Adds id. There must be room. */
MT_HIDDEN void mt_index_insert(struct mt_index *x, uint64_t hash, uint32_t id);

#ifdef MEMTRACK_CHECKS
/* See track/check.h. Ids lie below n_ids. */
MT_HIDDEN const char *mt_index_check(const struct mt_index *x, uint32_t n_ids);
#endif

#endif
