/* SPDX-License-Identifier: MIT */
/*
 * A handful of runs of a program are no sample of a normal distribution: memory is often the very
 * same number each time, and time has a long tail to one side. The interval here asks only for the
 * order of the values:
 *
 *   all n*m differences b - a, sorted         d(1) <= ... <= d(nm)
 *   estimate: their median                    (Hodges, Lehmann 1963)
 *   interval: d(k) .. d(nm + 1 - k)           with k from the null distribution of the rank sum
 *                                             (Mann, Whitney 1947)
 *
 * That distribution is counted exactly up to EXACT values a side, and approximated by the normal
 * one beyond, where the two agree to a rank or so. Ties make the interval wider than it need be,
 * never narrower. Three values a side give 90 % at best and two 67 %: the interval is then all
 * there is, and its confidence says so. Rejected: the bootstrap, whose intervals are too narrow for
 * five values and different each time; the t test, for the reason above.
 */
#include "view/compare/shift.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WANTED_CONFIDENCE 0.95
#define NORMAL_QUANTILE   1.959963984540054

enum { EXACT = 25 };

static int compare(const void *one, const void *other) {
    double a = *(const double *)one, b = *(const double *)other;
    return (a > b) - (a < b);
}

static double median_of_sorted(const double *values, size_t n) {
    return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

int mt_shift_range(const double *values, size_t n, struct mt_range *range) {
    double *sorted = malloc(n * sizeof *sorted);
    if (!sorted)
        return -MEMTRACK_ENOMEM;
    memcpy(sorted, values, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, compare);
    *range = (struct mt_range){median_of_sorted(sorted, n), sorted[0], sorted[n - 1]};
    free(sorted);
    return 0;
}

/* ways[u] is the number of orders of n and m values in which u pairs are inverted, which are the
 * partitions of u into at most n parts of at most m each. These are products of Gaussian
 * binomials: multiply by 1 - q^(m+i), divide by 1 - q^i. They are exact in doubles up to 2^53. */
static void count_orders(size_t n, size_t m, double *ways) {
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

/* Returns the largest k that keeps the wanted confidence, at least 1. *confidence is the one
 * that it keeps. */
static int choose_exact(size_t n, size_t m, size_t *k, double *confidence) {
    double *ways = malloc((n * m + 1) * sizeof *ways), all = 0, below = 0;
    if (!ways)
        return -MEMTRACK_ENOMEM;
    count_orders(n, m, ways);
    for (size_t u = 0; u <= n * m; u++)
        all += ways[u];
    below = ways[0];
    *k = 1;
    while (*k < (n * m + 1) / 2 && 1 - 2 * (below + ways[*k]) / all >= WANTED_CONFIDENCE)
        below += ways[(*k)++];
    *confidence = fmax(0, 1 - 2 * below / all);
    free(ways);
    return 0;
}

static void choose_normal(size_t n, size_t m, size_t *k, double *confidence) {
    double a = (double)n, b = (double)m, deviation = sqrt(a * b * (a + b + 1) / 12);
    double rank = floor(a * b / 2 - NORMAL_QUANTILE * deviation);
    *k = rank < 1 ? 1 : (size_t)rank;
    *confidence = WANTED_CONFIDENCE;
}

int mt_shift_between(const double *a, size_t n, const double *b, size_t m, struct mt_shift *shift) {
    double *pairs = malloc(n * m * sizeof *pairs);
    size_t k = 1;
    int rc = pairs ? 0 : -MEMTRACK_ENOMEM;
    if (rc == 0 && n <= EXACT && m <= EXACT)
        rc = choose_exact(n, m, &k, &shift->confidence);
    else if (rc == 0)
        choose_normal(n, m, &k, &shift->confidence);
    if (rc == 0) {
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < m; j++)
                pairs[i * m + j] = b[j] - a[i];
        qsort(pairs, n * m, sizeof *pairs, compare);
        shift->estimate = median_of_sorted(pairs, n * m);
        shift->low = pairs[k - 1];
        shift->high = pairs[n * m - k];
    }
    free(pairs);
    return rc;
}

enum mt_shift_verdict mt_shift_judge(const struct mt_shift *shift) {
    if (shift->low > 0)
        return MT_SHIFT_MORE;
    if (shift->high < 0)
        return MT_SHIFT_LESS;
    return shift->low == 0 && shift->high == 0 ? MT_SHIFT_SAME : MT_SHIFT_UNCLEAR;
}

const char *mt_shift_verdict_name(enum mt_shift_verdict verdict) {
    static const char *const names[] = {"same", "less", "more", "unclear"};
    return names[verdict];
}
