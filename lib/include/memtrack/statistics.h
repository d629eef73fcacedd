/* SPDX-License-Identifier: MIT */
/*
 * What repeated measurements say, in numbers: for memtrack/benchmark.h, and for the command, which
 * computes the same.
 *
 * Times have a long tail to one side, and memory is often the very same number each time: neither
 * is a sample of a normal distribution. So what decides here asks for the order of the values
 * alone. By how much b is larger than a is said by all n*m differences b - a, sorted:
 *
 *     d(1) <= ... <= d(nm)
 *     estimate: their median               (Hodges, Lehmann 1963)
 *     interval: d(k) .. d(nm + 1 - k)      with k from the null distribution of the rank sum
 *                                          (Mann, Whitney 1947)
 *
 * That distribution is counted exactly up to MEMTRACK_SHIFT_EXACT_ values a side, and approximated
 * by the normal one beyond, where the two agree to a rank or so. Ties make the interval wider than
 * it need be, never narrower. Three values a side give 90 % at best and two 67 %: the interval is
 * then all there is, and its confidence says so. Rejected: the bootstrap, whose intervals are too
 * narrow for five values and different each time; the t test, for the reason above.
 *
 * The differences are not made, they are counted: how many are at most x takes one walk through
 * both sorted arrays, and 64 such walks find the k-th, exactly. So nothing here allocates, and
 * 100,000 values a side are no more than a few million steps.
 *
 * Pure functions, C99 or C++11, without libm. Arrays hold no NaN.
 */
#ifndef MEMTRACK_STATISTICS_H
#define MEMTRACK_STATISTICS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "memtrack/unseen.h"

typedef struct memtrack_shift {
    double estimate, low, high;
    /* The confidence that the interval low..high holds the true difference, 0..1: at least 0.95
     * where so few values can give it. */
    double confidence;
} memtrack_shift;

/* ---- one series ------------------------------------------------------------------------------ */

/* Returns the square root, to the last bit or the one before, of what is 0 or more; 0 of what is
 * not. Newton's method, from half the exponent. */
MEMTRACK_UNSEEN_ static inline double memtrack_statistics_root(double square) {
    uint64_t bits;
    double root, before;
    if (!(square > 0))
        return 0;
    __builtin_memcpy(&bits, &square, sizeof bits); /* the recorder must not call memcpy */
    bits = (bits >> 1) + (UINT64_C(0x3ff) << 51);
    __builtin_memcpy(&root, &bits, sizeof root);
    for (int i = 0; i < 8; i++) {
        before = root;
        root = 0.5 * (root + square / root);
        if (root - before == 0)
            break;
    }
    return root;
}

MEMTRACK_UNSEEN_ static inline void memtrack_statistics_sink_(double *values, size_t top,
                                                              size_t n) {
    double value = values[top];
    for (size_t below = 2 * top + 1; below < n; below = 2 * top + 1) {
        if (below + 1 < n && values[below] < values[below + 1])
            below++;
        if (!(value < values[below]))
            break;
        values[top] = values[below];
        top = below;
    }
    values[top] = value;
}

/* Sorts in place. Not qsort: that one allocates, and who measures a program must not. */
MEMTRACK_UNSEEN_ static inline void memtrack_statistics_sort(double *values, size_t n) {
    for (size_t i = n / 2; i-- > 0;)
        memtrack_statistics_sink_(values, i, n);
    for (size_t end = n; end-- > 1;) {
        double last = values[end];
        values[end] = values[0];
        values[0] = last;
        memtrack_statistics_sink_(values, 0, end);
    }
}

MEMTRACK_UNSEEN_ static inline double memtrack_statistics_mean(const double *values, size_t n) {
    double sum = 0, lost = 0; /* Kahan's: as exact for a million values as for ten */
    for (size_t i = 0; i < n; i++) {
        double value = values[i] - lost, next = sum + value;
        lost = (next - sum) - value;
        sum = next;
    }
    return n ? sum / (double)n : 0;
}

/* Returns the standard deviation of the values as a sample (n - 1); 0 of less than two. */
MEMTRACK_UNSEEN_ static inline double memtrack_statistics_deviation(const double *values, size_t n,
                                                                    double mean) {
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (values[i] - mean) * (values[i] - mean);
    return n > 1 ? memtrack_statistics_root(sum / (double)(n - 1)) : 0;
}

/* Returns the value that the fraction p (0..1) of sorted values lie below, between two of them in
 * proportion: 0 is the smallest, 1 the largest, 0.5 the median. n > 0. */
MEMTRACK_UNSEEN_ static inline double memtrack_statistics_quantile(const double *sorted, size_t n,
                                                                   double p) {
    double place = p * (double)(n - 1);
    size_t at = (size_t)place;
    if (at + 1 >= n)
        return sorted[n - 1];
    return sorted[at] + (place - (double)at) * (sorted[at + 1] - sorted[at]);
}

MEMTRACK_UNSEEN_ static inline double memtrack_statistics_median(const double *sorted, size_t n) {
    return n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

/* ---- two series ------------------------------------------------------------------------------ */

enum { MEMTRACK_SHIFT_EXACT_ = 25 };

/* Numbers in the order of doubles, so that halving an interval of them ends after 64 steps. */
MEMTRACK_UNSEEN_ static inline uint64_t memtrack_shift_rank_(double value) {
    uint64_t bits;
    value += 0.0; /* -0 is 0 */
    __builtin_memcpy(&bits, &value, sizeof bits);
    return bits >> 63 ? ~bits : bits | UINT64_C(1) << 63;
}

MEMTRACK_UNSEEN_ static inline double memtrack_shift_ranked_(uint64_t rank) {
    double value;
    rank = rank >> 63 ? rank ^ UINT64_C(1) << 63 : ~rank;
    __builtin_memcpy(&value, &rank, sizeof value);
    return value;
}

/* Returns how many of the differences b - a are at most x. Of a larger a, more are. */
MEMTRACK_UNSEEN_ static inline uint64_t memtrack_shift_count_(const double *a, size_t n,
                                                              const double *b, size_t m, double x) {
    uint64_t count = 0;
    size_t j = 0;
    for (size_t i = 0; i < n; i++) {
        while (j < m && b[j] - a[i] <= x)
            j++;
        count += j;
    }
    return count;
}

/* Returns d(k), 1 <= k <= n * m. */
MEMTRACK_UNSEEN_ static inline double memtrack_shift_nth_(const double *a, size_t n,
                                                          const double *b, size_t m, uint64_t k) {
    uint64_t low = memtrack_shift_rank_(b[0] - a[n - 1]);
    uint64_t high = memtrack_shift_rank_(b[m - 1] - a[0]);
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (memtrack_shift_count_(a, n, b, m, memtrack_shift_ranked_(middle)) >= k)
            high = middle;
        else
            low = middle + 1;
    }
    return memtrack_shift_ranked_(low);
}

/* ways[u] is the number of orders of n and m values in which u pairs are inverted, which are the
 * partitions of u into at most n parts of at most m each. These are products of Gaussian
 * binomials: multiply by 1 - q^(m+i), divide by 1 - q^i. They are exact in doubles up to 2^53. */
MEMTRACK_UNSEEN_ static inline void memtrack_shift_orders_(size_t n, size_t m, double *ways) {
    size_t most = n * m;
    memset(ways, 0, (most + 1) * sizeof *ways);
    ways[0] = 1;
    for (size_t i = 1; i <= n; i++) {
        for (size_t u = most; u >= m + i && u <= most; u--)
            ways[u] -= ways[u - (m + i)];
        for (size_t u = i; u <= most; u++)
            ways[u] += ways[u - i];
    }
}

/* Returns the largest k that keeps the wanted confidence, at least 1. *confidence is the one that
 * it keeps. */
MEMTRACK_UNSEEN_ static inline uint64_t memtrack_shift_exact_(size_t n, size_t m,
                                                              double *confidence) {
    double ways[MEMTRACK_SHIFT_EXACT_ * MEMTRACK_SHIFT_EXACT_ + 1], all = 0, below;
    uint64_t k = 1;
    memtrack_shift_orders_(n, m, ways);
    for (size_t u = 0; u <= n * m; u++)
        all += ways[u];
    below = ways[0];
    while (k < (n * m + 1) / 2 && 1 - 2 * (below + ways[k]) / all >= 0.95)
        below += ways[k++];
    *confidence = 1 - 2 * below / all;
    if (*confidence < 0)
        *confidence = 0;
    return k;
}

MEMTRACK_UNSEEN_ static inline uint64_t memtrack_shift_normal_(size_t n, size_t m,
                                                               double *confidence) {
    double a = (double)n, b = (double)m;
    double deviation = memtrack_statistics_root(a * b * (a + b + 1) / 12);
    double rank = a * b / 2 - 1.959963984540054 * deviation;
    *confidence = 0.95;
    return rank < 1 ? 1 : (uint64_t)rank;
}

/* Says by how much the values of b are larger than those of a. Both are sorted; n, m > 0. */
MEMTRACK_UNSEEN_ static inline memtrack_shift memtrack_shift_between(const double *a, size_t n,
                                                                     const double *b, size_t m) {
    memtrack_shift shift;
    uint64_t all = (uint64_t)n * m;
    uint64_t k = n <= MEMTRACK_SHIFT_EXACT_ && m <= MEMTRACK_SHIFT_EXACT_
                     ? memtrack_shift_exact_(n, m, &shift.confidence)
                     : memtrack_shift_normal_(n, m, &shift.confidence);
    shift.low = memtrack_shift_nth_(a, n, b, m, k);
    shift.high = memtrack_shift_nth_(a, n, b, m, all + 1 - k);
    shift.estimate = memtrack_shift_nth_(a, n, b, m, all / 2 + 1);
    if (all % 2 == 0)
        shift.estimate = (memtrack_shift_nth_(a, n, b, m, all / 2) + shift.estimate) / 2;
    return shift;
}

#endif
