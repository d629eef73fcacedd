/* SPDX-License-Identifier: MIT */
/* The sums of --cumulative, by group; private to lib/view. */
#ifndef MT_VIEW_ROWS_CUMULATIVE_H
#define MT_VIEW_ROWS_CUMULATIVE_H

#include "view/rows/rows-local.h"

struct mt_cumulative {
    struct mt_rows *rows;
    const uint32_t *group; /* per entry; the caller's */
    size_t n_groups;
    uint32_t *single;      /* per location: its group + 1 when it has one alone, 0 otherwise */
    uint32_t *first_group; /* per location, n_locations + 1: into entries */
    uint32_t *entries;     /* of each group of the location, each group once */
    char *sums;            /* n_groups of stride bytes, see cumulative.c */
    size_t stride;
    enum mt_value column[MT_N_VALUES]; /* those in which a sample has something */
    size_t n_columns;
    bool is_sampled; /* then variances are added up, too */
};

/* Prepares the sums of the groups 0 .. n_groups - 1. has_moment: live values of the samples are
 * replaced by others. Returns 0 or -MEMTRACK_ENOMEM. */
int mt_cumulative_init(struct mt_cumulative *c, struct mt_rows *rows, const uint32_t *group,
                       size_t n_groups, bool has_at);
/* Adds a sample to each group on its path from the charged frame outwards, once. Returns 0 or
 * -MEMTRACK_ENOMEM. */
int mt_cumulative_add(struct mt_cumulative *c, uint32_t s, uint32_t charged, uint32_t position,
                      const struct mt_amount *amount);
/* Adds a sample without frames to a group. Returns 0 or -MEMTRACK_ENOMEM. */
int mt_cumulative_add_group(struct mt_cumulative *c, uint32_t group, uint32_t sample,
                            const struct mt_amount *amount);
/* Puts the sums into the rows that were made. */
void mt_cumulative_finish(struct mt_cumulative *c);
void mt_cumulative_free(struct mt_cumulative *c);

#endif
