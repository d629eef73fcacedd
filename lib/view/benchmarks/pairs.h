/* SPDX-License-Identifier: MIT */
/*
 * Benchmarks of two files side by side, by their names, and what differs.
 */
#ifndef MT_VIEW_BENCHMARKS_PAIRS_H
#define MT_VIEW_BENCHMARKS_PAIRS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "view/benchmarks/results.h"

enum mt_pairs_verdict {
    MT_PAIRS_FASTER, /* by more than chance explains */
    MT_PAIRS_SLOWER,
    MT_PAIRS_NO_DIFFERENCE, /* none is shown: the interval holds 0 */
    MT_PAIRS_TOO_FEW,       /* samples to say it with a confidence of 95 % */
    MT_PAIRS_NOT_COMPARED,  /* one of them was recorded, which costs time, and the other was not */
    MT_PAIRS_NEW,
    MT_PAIRS_GONE,
    MT_PAIRS_N_VERDICTS
};

struct mt_pairs_row {
    const struct mt_results_row *of[2]; /* NULL: that file does not have it */
    enum mt_pairs_verdict verdict;      /* on the time */
    bool is_of_runs; /* both have enough runs, whose medians were compared; else samples */
    /* By how much the new one is slower, and the same as a part of the old one's median. NAN: not
     * known. Without samples it is the difference of the means, and has no interval. */
    double estimate_ns, low_ns, high_ns, confidence;
    double ratio, low_ratio, high_ratio;
};

struct mt_pairs {
    struct mt_pairs_row *rows; /* in the order of the new file, then what is gone */
    size_t n, n_of[MT_PAIRS_N_VERDICTS];
    size_t n_within;       /* pairs with a verdict by samples, not runs */
    size_t n_memory;       /* pairs of which both have figures of memory */
    size_t n_more, n_less; /* of these, pairs with a figure that has become larger; or smaller, and
                              none larger */
};

/* Returns 0 or -MEMTRACK_ENOMEM. What is paired has to stay; to be freed in either case. */
int mt_pairs_build(const struct mt_results *old, const struct mt_results *new,
                   struct mt_pairs *pairs, struct mt_error *error);
void mt_pairs_free(struct mt_pairs *pairs);

/* Do both have this figure, and does it differ? */
bool mt_pairs_has(const struct mt_pairs_row *row, enum mt_results_figure figure);
bool mt_pairs_differs(const struct mt_pairs_row *row, enum mt_results_figure figure);
/* Returns the change of a figure as a part of the old one; INFINITY when that is 0. */
double mt_pairs_change(const struct mt_pairs_row *row, enum mt_results_figure figure);

/* Returns whether it has become slower by more than this part: the whole interval lies above it. */
bool mt_pairs_is_slower(const struct mt_pairs_row *row, double by);
/* The same, or a figure of its memory has grown by more. */
bool mt_pairs_is_worse(const struct mt_pairs_row *row, double by);

/* Returns "median", or "mean" where no more is known, in ns. */
double mt_pairs_time(const struct mt_results_row *row);
/* Returns "faster", "no_difference", ...: of JSON. */
const char *mt_pairs_verdict_name(enum mt_pairs_verdict verdict);

#endif
