/* SPDX-License-Identifier: MIT */
/* What is inside of rows, for those who build, name, sort and compare them. Private to lib/view. */
#ifndef MT_VIEW_ROWS_LOCAL_H
#define MT_VIEW_ROWS_LOCAL_H

#include "view/rows/frames.h"
#include "view/rows/rows.h"

enum { MT_VARIANCES_PER_CHUNK = 1024 };

struct mt_rows {
    const struct mt_profile *profile;
    struct mt_view_options options; /* without the patterns, which are the caller's */
    bool is_filtered;
    struct mt_frames frames;
    bool borrows_frames; /* they are the caller's */
    struct mt_row *items;
    size_t n, capacity;
    double (**variances)[MT_N_VALUES]; /* of the rows of a sampled profile, MT_VARIANCES_PER_CHUNK
                                          in each */
    struct mt_row passed, all;
    double passed_variance[MT_N_VALUES], all_variance[MT_N_VALUES];
    int64_t gross[MT_N_VALUES]; /* of all samples, without their signs */
    bool has_negative[MT_N_VALUES];
    uint32_t *row_of_sample; /* NULL: not kept. While building: the first sample of its group */
    size_t n_samples;
};

/* This is what a sample, or several, add to each row that they are in. */
struct mt_amount {
    const int64_t *value;   /* MT_N_VALUES */
    const double *variance; /* of each; NULL: the recording is exact */
    uint32_t n_samples;
};

struct mt_row *mt_rows_append(struct mt_rows *rows); /* zeroed; NULL: out of memory */
/* Fills what the grouping determines, from the first sample of the group and the frame that put
 * it there. */
void mt_rows_identify(const struct mt_rows *rows, struct mt_row *row, uint32_t sample,
                      uint32_t entry);
/* Returns the order of the keys of two rows, without making them: < 0, 0 (equal, or they cannot
 * be told apart) or > 0. */
int mt_rows_order_names(const struct mt_rows *rows, const struct mt_row *x, const struct mt_row *y);
/* Sorts, and marks functions that share their name. Returns 0 or -MEMTRACK_ENOMEM. */
int mt_rows_order(struct mt_rows *rows);

#endif
