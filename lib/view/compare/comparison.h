/* SPDX-License-Identifier: MIT */
/*
 * Two commands, each run several times: their figures and how these differ.
 */
#ifndef MT_VIEW_COMPARE_COMPARISON_H
#define MT_VIEW_COMPARE_COMPARISON_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "view/compare/measure.h"
#include "view/compare/shift.h"

struct mt_compared {
    bool known;        /* in every run of both */
    double *values[2]; /* n_runs each, in the order of the runs */
    struct mt_range range[2];
    struct mt_shift shift; /* from the first to the second */
    enum mt_shift_verdict verdict;
};
struct mt_comparison {
    size_t n_runs; /* of each */
    struct mt_compared of[MT_N_MEASURES];
};

/* Compares the runs; runs[i] has n_runs elements. Returns 0 or -MEMTRACK_ENOMEM; free it either
 * way. */
int mt_comparison_build(const struct mt_measurement *const runs[2], size_t n_runs,
                        struct mt_comparison *comparison, struct mt_error *error);
void mt_comparison_free(struct mt_comparison *comparison);

#endif
