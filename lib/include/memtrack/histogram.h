/* SPDX-License-Identifier: MIT */
/*
 * Times by the thousand in little room: how they are put into buckets, and what mean, deviation and
 * percentiles they come to. The recorder and the timers of a process that is not recorded
 * (memtrack/timers.h) do the same with the same numbers.
 *
 * Magnitudes 0 .. 31 have a bucket each, and then there are 32 to every doubling: the middle of a
 * bucket is within 1.6 % of all that fell into it. Sums of squares are whole numbers of 128 bits,
 * so that they can be added up over threads in any order and nothing is rounded.
 *
 * Pure functions, C99 or C++11, without libm.
 */
#ifndef MEMTRACK_HISTOGRAM_H
#define MEMTRACK_HISTOGRAM_H

#include <stdint.h>

#include "memtrack/statistics.h"

enum { MEMTRACK_HISTOGRAM_MANTISSA_BITS_ = 5, MEMTRACK_HISTOGRAM_BUCKETS_ = 60 << 5 };

MEMTRACK_UNSEEN_ static inline uint32_t memtrack_histogram_bucket(uint64_t magnitude) {
    uint32_t e;
    if (magnitude >> MEMTRACK_HISTOGRAM_MANTISSA_BITS_ == 0)
        return (uint32_t)magnitude;
    e = 63u - (uint32_t)__builtin_clzll(magnitude) - (uint32_t)MEMTRACK_HISTOGRAM_MANTISSA_BITS_;
    return (e + 1) << MEMTRACK_HISTOGRAM_MANTISSA_BITS_ |
           (uint32_t)(magnitude >> e & ((1u << MEMTRACK_HISTOGRAM_MANTISSA_BITS_) - 1));
}

MEMTRACK_UNSEEN_ static inline uint64_t memtrack_histogram_begin(uint32_t bucket) {
    uint32_t e = bucket >> MEMTRACK_HISTOGRAM_MANTISSA_BITS_;
    uint64_t mantissa = bucket & ((1u << MEMTRACK_HISTOGRAM_MANTISSA_BITS_) - 1);
    return e == 0 ? mantissa : (mantissa | 1u << MEMTRACK_HISTOGRAM_MANTISSA_BITS_) << (e - 1);
}

/* Returns the value that stands for what fell into a bucket of values from 0 to INT64_MAX; for a
 * bucket of one value, this is that value. */
MEMTRACK_UNSEEN_ static inline int64_t memtrack_histogram_middle(uint32_t bucket) {
    uint64_t begin = memtrack_histogram_begin(bucket), end = memtrack_histogram_begin(bucket + 1u);
    return bucket >= memtrack_histogram_bucket(INT64_MAX)
               ? INT64_MAX
               : (int64_t)(begin + (end - begin - 1) / 2);
}

/* Returns the least value that percent of all total values do not exceed (nearest rank, as the
 * median of two values has to be one that occurred): counts[b] values fell into bucket b, from the
 * first of these buckets to the last. */
MEMTRACK_UNSEEN_ static inline int64_t memtrack_histogram_percentile(const uint64_t *counts,
                                                                     uint32_t first, uint32_t last,
                                                                     uint64_t total,
                                                                     uint64_t percent) {
    uint64_t rank = total / 100 * percent + (total % 100 * percent + 99) / 100, below = 0;
    for (uint32_t b = first; b <= last; b++) {
        below += counts[b];
        if (below >= rank && below)
            return memtrack_histogram_middle(b);
    }
    return 0;
}

/* Adds the square of a value to a number of 128 bits. */
MEMTRACK_UNSEEN_ static inline void memtrack_histogram_square(uint64_t *low, uint64_t *high,
                                                              int64_t value) {
    uint64_t v = value < 0 ? -(uint64_t)value : (uint64_t)value;
    uint64_t top = v >> 32, bottom = v & UINT32_MAX, cross = top * bottom;
    uint64_t square_low = bottom * bottom, square_high = top * top + (cross >> 31);
    uint64_t shifted = cross << 33;
    square_low += shifted;
    square_high += square_low < shifted;
    *low += square_low;
    *high += square_high + (*low < square_low);
}

/*
 * Returns the standard deviation of n values (of all of them, not of a sample), from their sum and
 * the sum of their squares, of 128 bits. Around a whole number next to the mean, the sum of squares
 * is exact, modulo 2^128:
 *
 *     sum (x - m)^2  =  squares - 2 m sum + n m^2        m = round(sum / n)
 *
 * What is left is of the order of the result, so nothing cancels.
 */
MEMTRACK_UNSEEN_ static inline double memtrack_histogram_deviation(uint64_t n, int64_t sum,
                                                                   uint64_t low, uint64_t high) {
#ifdef __SIZEOF_INT128__
    __extension__ typedef unsigned __int128 wide;
    __extension__ typedef __int128 wide_signed;
    int64_t count = (int64_t)n, m, rest;
    wide around;
    double to_mean, variance;
    if (n == 0 || n > INT64_MAX)
        return 0;
    m = sum / count;
    rest = sum % count;
    if (rest > count / 2 || rest < -(count / 2)) {
        m += rest < 0 ? -1 : 1;
        rest -= rest < 0 ? -count : count;
    }
    around = ((wide)high << 64 | low) - 2 * (wide)((wide_signed)m * sum) +
             (wide)((wide_signed)m * m) * n;
    to_mean = (double)rest / (double)count;
    variance =
        ((double)(uint64_t)(around >> 64) * 18446744073709551616.0 + (double)(uint64_t)around) /
            (double)n -
        to_mean * to_mean;
    return (wide_signed)around >= 0 ? memtrack_statistics_root(variance) : 0;
#else
    double mean = n ? (double)sum / (double)n : 0;
    double square = (double)high * 18446744073709551616.0 + (double)low;
    return n ? memtrack_statistics_root(square / (double)n - mean * mean) : 0;
#endif
}

#endif
