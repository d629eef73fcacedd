/* SPDX-License-Identifier: MIT */
/*
 * A handful of runs of a program are no sample of a normal distribution: memtrack/statistics.h says
 * what is made of them instead, and why. It is in a public header because benchmarks in programs
 * are compared by the same rule. It wants sorted values, and this module sorts copies.
 */
#include "view/compare/shift.h"

#include <stdlib.h>
#include <string.h>

#include "memtrack/statistics.h"

/* Returns a sorted copy, to be freed, or NULL. */
static double *sorted_copy(const double *values, size_t n) {
    double *sorted = malloc(n * sizeof *sorted);
    if (sorted) {
        memcpy(sorted, values, n * sizeof *sorted);
        memtrack_statistics_sort(sorted, n);
    }
    return sorted;
}

int mt_shift_range(const double *values, size_t n, struct mt_range *range) {
    double *sorted = sorted_copy(values, n);
    if (!sorted)
        return -MEMTRACK_ENOMEM;
    *range = (struct mt_range){memtrack_statistics_median(sorted, n), sorted[0], sorted[n - 1]};
    free(sorted);
    return 0;
}

int mt_shift_between(const double *a, size_t n, const double *b, size_t m, struct mt_shift *shift) {
    double *one = sorted_copy(a, n), *other = sorted_copy(b, m);
    if (one && other) {
        memtrack_shift s = memtrack_shift_between(one, n, other, m);
        *shift = (struct mt_shift){s.estimate, s.low, s.high, s.confidence};
    }
    int rc = one && other ? 0 : -MEMTRACK_ENOMEM;
    free(one);
    free(other);
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
