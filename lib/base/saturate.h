/* SPDX-License-Identifier: MIT */
/*
 * Arithmetic that ends at the largest number there is, for the reading side: figures come from
 * files that may hold any number, and a sum that wrapped around would be a lie with a sign.
 */
#ifndef MT_BASE_SATURATE_H
#define MT_BASE_SATURATE_H

#include <stdint.h>

static inline void mt_saturate_add(int64_t *sum, int64_t value) {
    if (__builtin_add_overflow(*sum, value, sum))
        *sum = value < 0 ? INT64_MIN : INT64_MAX;
}

static inline void mt_saturate_add_count(uint64_t *sum, uint64_t value) {
    if (__builtin_add_overflow(*sum, value, sum))
        *sum = UINT64_MAX;
}

static inline int64_t mt_saturate_difference(int64_t from, int64_t value) {
    int64_t difference;
    return __builtin_sub_overflow(from, value, &difference) ? (from < 0 ? INT64_MIN : INT64_MAX)
                                                            : difference;
}

static inline int64_t mt_saturate_signed(uint64_t value) {
    return value > INT64_MAX ? INT64_MAX : (int64_t)value;
}

/* The number without its sign, which none is too large for. */
static inline uint64_t mt_saturate_magnitude(int64_t value) {
    return value < 0 ? UINT64_C(0) - (uint64_t)value : (uint64_t)value;
}

#endif
