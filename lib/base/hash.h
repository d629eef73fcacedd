/* SPDX-License-Identifier: MIT */
/* Hashing of numbers for the tables of the reading side: multiplication by the golden ratio
 * (Knuth, The Art of Computer Programming 3, 6.4), the upper half folded into the lower one, which
 * the tables' masks take. */
#ifndef MT_BASE_HASH_H
#define MT_BASE_HASH_H

#include <stdint.h>

#define MT_HASH_GOLDEN UINT64_C(0x9E3779B97F4A7C15)

static inline uint64_t mt_hash_mix(uint64_t hash, uint64_t value) {
    hash = (hash ^ value) * MT_HASH_GOLDEN;
    return hash ^ (hash >> 32);
}

#endif
