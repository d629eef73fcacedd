/* SPDX-License-Identifier: MIT */
/* What is inside of a difference. Shared by the files diff*.c; private to them. */
#ifndef MT_VIEW_COMPARE_DIFF_LOCAL_H
#define MT_VIEW_COMPARE_DIFF_LOCAL_H

#include "base/saturate.h"
#include "view/compare/diff.h"
#include "view/compare/match.h"
#include "view/rows/rows-local.h"

struct mt_diff {
    struct mt_rows *rows[MT_N_SIDES];
    enum mt_value sort;
    size_t n_named;
    struct mt_diff_row *items;
    size_t n, capacity;
    struct mt_diff_row passed, all;
    struct mt_match match;
};

/* Sums saturate. */
static inline void mt_diff_add_value(int64_t sum[MT_N_VALUES], const int64_t value[MT_N_VALUES]) {
    for (size_t v = 0; v < MT_N_VALUES; v++)
        mt_saturate_add(&sum[v], value[v]);
}

static inline void mt_diff_add_variance(double sum[MT_N_VALUES],
                                        const double variance[MT_N_VALUES]) {
    for (size_t v = 0; v < MT_N_VALUES; v++)
        sum[v] += variance[v];
}

/* From the rows of both sides to those of the difference, in any order. 0 or -MEMTRACK_ENOMEM. */
int mt_diff_pair(struct mt_diff *diff);
/* Sorts them. */
void mt_diff_order(struct mt_diff *diff);

/* Sets the differences of a row from the values of its sides. */
static inline void mt_diff_subtract(struct mt_diff_row *row) {
    for (size_t v = 0; v < MT_N_VALUES; v++)
        row->diff[v] = mt_saturate_difference(row->value[MT_NEW][v], row->value[MT_OLD][v]);
}

#endif
