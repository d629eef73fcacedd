/* SPDX-License-Identifier: MIT */
/* The sums of --cumulative, by group; private to lib/view. */
#ifndef MT_VIEW_ROWS_CUMULATIVE_H
#define MT_VIEW_ROWS_CUMULATIVE_H

#include "view/rows/rows-local.h"

struct mt_cumulative {
    /* The caller's, set before mt_cumulative_init: */
    struct mt_rows *rows;
    const uint32_t *group; /* per entry: 0 .. n_groups - 1 */
    size_t n_groups;

    uint32_t *single;      /* per location: its group + 1 when it has one alone, 0 otherwise */
    uint32_t *first_group; /* per location, n_locations + 1: into entries */
    uint32_t *entries;     /* of each group of the location, each group once */
    char *sums;            /* n_groups of stride bytes, see cumulative.c */
    size_t stride;
    enum mt_value column[MT_N_VALUES]; /* those that the profile has */
    size_t n_columns;
    bool is_sampled; /* then variances are added up, too */

    /* The path that is open: */
    const uint32_t *end; /* behind its outermost location */
    uint32_t n_outer;    /* frames outside of the charged one */
    uint32_t charged;    /* entry; MT_NO_ENTRY: no path is open */
    uint32_t *step_of;   /* of each frame, the outermost first, and of the charged one */
    size_t depth_capacity;
    struct mt_cumulative_step *steps;
    size_t step_capacity;
};

/* Prepares the sums. Returns 0 or -MEMTRACK_ENOMEM; they are freed in either case. */
int mt_cumulative_init(struct mt_cumulative *c);
/* Adds a sample to each group on its path from the charged frame outwards, once. Returns 0 or
 * -MEMTRACK_ENOMEM. */
int mt_cumulative_add(struct mt_cumulative *c, uint32_t s, uint32_t charged, uint32_t position,
                      struct mt_amount amount);
/* Adds a sample without frames to a group. Returns 0 or -MEMTRACK_ENOMEM. */
int mt_cumulative_add_group(struct mt_cumulative *c, uint32_t group, uint32_t sample,
                            struct mt_amount amount);
/* Puts the sums into the rows that were made. */
void mt_cumulative_finish(struct mt_cumulative *c);
void mt_cumulative_free(struct mt_cumulative *c);

#endif
