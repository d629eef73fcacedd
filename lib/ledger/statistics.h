/* SPDX-License-Identifier: MIT */
/*
 * What figures of many scopes come to: mean, deviation, percentiles. Both sides show them, the
 * program itself (track/scopes/read.c) and the command (view/scopes/rows.c), from the same sums and
 * histograms, so both have them from here. Pure functions; libm is not needed.
 *
 * Rejected: Welford's running mean and deviation, which cost a division a scope, and cannot be added
 * up over threads without rounding. A sum of squares of 128 bits is exact.
 */
#ifndef MT_LEDGER_STATISTICS_H
#define MT_LEDGER_STATISTICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ledger/layout.h"

/* ---- mean and deviation ---------------------------------------------------------------------- */

/* Returns the square root of x > 0; by Newton's rule, from a start within a factor of two. */
static inline double mt_statistic_root(double x) {
    union {
        double value;
        uint64_t bits;
    } root = {x};
    root.bits = (root.bits >> 1) + (UINT64_C(1023) << 51);
    for (int i = 0; i < 6; i++)
        root.value = (root.value + x / root.value) / 2;
    return root.value;
}

static inline double mt_statistic_mean(uint64_t n, int64_t sum) {
    return n != 0 ? (double)sum / (double)n : 0;
}

/*
 * Returns the standard deviation of n values (of all of them, not of a sample), from their sum and
 * the sum of their squares, of 128 bits. Around a whole number next to the mean, the sum of squares
 * is exact, modulo 2^128:
 *
 *     sum (x - m)^2  =  squares - 2 m sum + n m^2        m = round(sum / n)
 *
 * What is left is of the order of the result, so nothing cancels. Sums that do not belong together
 * give any number, at least 0.
 */
static inline double mt_statistic_deviation(uint64_t n, int64_t sum, uint64_t low, uint64_t high) {
    __extension__ typedef unsigned __int128 wide;
    __extension__ typedef __int128 wide_signed;
    if (n == 0 || n > INT64_MAX)
        return 0;
    int64_t count = (int64_t)n, m = sum / count, rest = sum % count;
    if (rest > count / 2 || rest < -(count / 2)) {
        m += rest < 0 ? -1 : 1;
        rest -= rest < 0 ? -count : count;
    }
    wide around = ((wide)high << 64 | low) - 2 * (wide)((wide_signed)m * sum) +
                  (wide)((wide_signed)m * m) * n;
    double to_mean = (double)rest / (double)count;
    double variance =
        ((double)(uint64_t)(around >> 64) * 18446744073709551616.0 + (double)(uint64_t)around) /
            (double)n -
        to_mean * to_mean;
    bool is_sane = (wide_signed)around >= 0 && variance > 0;
    return is_sane ? mt_statistic_root(variance) : 0;
}

/* ---- percentiles ----------------------------------------------------------------------------- */

/* So many scopes had this value. */
struct mt_weight {
    int64_t value;
    uint64_t count;
};

/* Returns the middle of a bucket of magnitudes, which stands for what fell into it. */
static inline int64_t mt_weight_value(uint32_t bucket, bool is_negative) {
    uint64_t begin = mt_bucket_begin(bucket), end = mt_bucket_begin(bucket + 1u);
    /* For a bucket of one value, this is that value. */
    uint64_t middle = begin + (end - begin - 1) / 2;
    if (bucket >= mt_bucket_of(INT64_MAX))
        middle = INT64_MAX;
    return is_negative ? -(int64_t)middle : (int64_t)middle;
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
