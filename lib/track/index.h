/* SPDX-License-Identifier: MIT */
/*
 * A growing set of 32-bit ids by 64-bit hash, for what lives in append-only arrays: the ids are the only thing stored,
 * the caller compares what they stand for. Private memory. One writer (under the caller's lock), readers without.
 *
 * A table that has been outgrown is discarded, not unmapped: a late reader sees zeros there, takes them for a miss,
 * and asks again under the lock.
 */
#ifndef MT_TRACK_INDEX_H
#define MT_TRACK_INDEX_H

#include "base/os.h"

struct mt_index_table {
    uint32_t bits;
    uint32_t slot[]; /* 0: empty */
};
struct mt_index {
    struct mt_index_table *table;
    uint32_t used;
    uint64_t (*hash_of)(uint32_t id); /* to move ids into a larger table */
};

static inline uint64_t mt_index_mix(uint64_t a, uint64_t b) {
    uint64_t h = a * UINT64_C(0x9E3779B97F4A7C15) ^ (b + 1) * UINT64_C(0xC2B2AE3D27D4EB4F);
    h ^= h >> 29;
    return h * UINT64_C(0xBF58476D1CE4E5B9);
}

/* Iterate over the candidates for hash: i from mt_index_home, step by mt_index_next, id from mt_index_at; 0 ends. */
static inline uint32_t mt_index_home(const struct mt_index_table *t, uint64_t hash) {
    return (uint32_t)(hash >> (64 - t->bits));
}
static inline uint32_t mt_index_next(const struct mt_index_table *t, uint32_t i) {
    return (i + 1) & ((1u << t->bits) - 1);
}
static inline uint32_t mt_index_at(const struct mt_index_table *t, uint32_t i) {
    return __atomic_load_n(&t->slot[i], __ATOMIC_ACQUIRE);
}

/* Start empty (a former table is unmapped: no reader may be left). False: no memory. */
MT_HIDDEN bool mt_index_start(struct mt_index *x, uint64_t (*hash_of)(uint32_t));
/* Make room for one more id. False: no memory, and the table is full. */
MT_HIDDEN bool mt_index_reserve(struct mt_index *x);
/* Add id. Room must be there. */
MT_HIDDEN void mt_index_insert(struct mt_index *x, uint64_t hash, uint32_t id);

#endif
