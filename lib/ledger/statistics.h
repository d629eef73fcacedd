/* SPDX-License-Identifier: MIT */
/*
 * What figures of many scopes come to: mean and percentiles. Both sides show them, the program
 * itself (track/scopes/read.c) and the command (view/scopes/rows.c), from the same sums and
 * histograms, so both have them from here. Buckets and deviations are also those of a process that
 * is not recorded: memtrack/histogram.h. Pure functions; libm is not needed.
 *
 * Rejected: Welford's running mean and deviation, which cost a division a scope, and cannot be added
 * up over threads without rounding. A sum of squares of 128 bits is exact.
 */
#ifndef MT_LEDGER_STATISTICS_H
#define MT_LEDGER_STATISTICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "memtrack/histogram.h"

static inline double mt_statistic_mean(uint64_t n, int64_t sum) {
    return n != 0 ? (double)sum / (double)n : 0;
}

/* ---- percentiles ----------------------------------------------------------------------------- */

/* So many scopes had this value. */
struct mt_weight {
    int64_t value;
    uint64_t count;
};

/* Returns what stands for the values whose magnitudes fell into a bucket. */
static inline int64_t mt_weight_value(uint32_t bucket, bool is_negative) {
    int64_t middle = memtrack_histogram_middle(bucket);
    return is_negative ? -middle : middle;
}

static inline void mt_weight_add(uint64_t *total, uint64_t count) {
    if (__builtin_add_overflow(*total, count, total))
        *total = UINT64_MAX;
}

static inline uint64_t mt_weights_total(const struct mt_weight *weights, size_t n) {
    uint64_t total = 0;
    for (size_t i = 0; i < n; i++)
        mt_weight_add(&total, weights[i].count);
    return total;
}

/* Returns the smallest of the sorted weights that percent of all do not exceed (nearest rank, as
 * the median of two values has to be one that occurred); 0 of none. */
static inline int64_t mt_weights_percentile(const struct mt_weight *weights, size_t n,
                                            uint64_t total, uint64_t percent) {
    uint64_t rank = total / 100 * percent + (total % 100 * percent + 99) / 100, below = 0;
    for (size_t i = 0; i < n; i++) {
        mt_weight_add(&below, weights[i].count);
        if (below >= rank)
            return weights[i].value;
    }
    return 0;
}

/* Returns whether n values reach this sum together only if each of them is the largest. */
static inline bool mt_statistic_are_all(uint64_t n, int64_t sum, int64_t max) {
    int64_t product;
    return n <= INT64_MAX && !__builtin_mul_overflow(max, (int64_t)n, &product) && product == sum;
}

/* Returns a percentile that is neither above the largest nor below the least (INT64_MIN: it is not
 * known), and is exact when all are equal. */
static inline int64_t mt_statistic_bounded(int64_t percentile, int64_t min, int64_t max,
                                           bool are_all_max) {
    if (percentile >= max || are_all_max)
        return max;
    return percentile > min ? percentile : min;
}

#endif
