/* SPDX-License-Identifier: MIT */
/*
 * What repeated measurements of two things say about their difference, without assuming how they
 * are distributed. Pure functions; arrays are not changed.
 */
#ifndef MT_VIEW_COMPARE_SHIFT_H
#define MT_VIEW_COMPARE_SHIFT_H

#include <stddef.h>

#include "base/error.h"

enum { MT_SHIFT_MOST_VALUES = 1000 }; /* values on each side */

struct mt_range {
    double median, min, max;
};

/* This says by how much b is larger than a: the Hodges-Lehmann estimate, and the interval that
 * belongs to the rank sum test of Wilcoxon, Mann and Whitney. */
struct mt_shift {
    double estimate, low, high;
    /* The confidence that the interval holds the true shift, 0..1: at least 0.95 where so few
     * values can give it. */
    double confidence;
};

enum mt_shift_verdict {
    MT_SHIFT_SAME, /* every value of both is the same one */
    MT_SHIFT_LESS, /* b is less, by more than chance explains */
    MT_SHIFT_MORE,
    MT_SHIFT_UNCLEAR, /* the interval holds 0 */
};

/* n > 0. 0 or -MEMTRACK_ENOMEM. */
int mt_shift_range(const double *values, size_t n, struct mt_range *range);
/* 0 < n, m <= MT_SHIFT_MOST_VALUES. 0 or -MEMTRACK_ENOMEM. */
int mt_shift_between(const double *a, size_t n, const double *b, size_t m, struct mt_shift *shift);
enum mt_shift_verdict mt_shift_judge(const struct mt_shift *shift);
const char *mt_shift_verdict_name(enum mt_shift_verdict verdict); /* same, less, more, unclear */

#endif
