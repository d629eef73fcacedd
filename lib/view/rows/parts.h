/* SPDX-License-Identifier: MIT */
/*
 * The samples of a profile, added up by what they are charged to: what digest.h makes. Private to
 * lib/view.
 */
#ifndef MT_VIEW_ROWS_PARTS_H
#define MT_VIEW_ROWS_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "profile/profile.h"

/* Samples that no grouping by frames and no filter on the charged frame tells apart. */
struct mt_part {
    uint32_t charged, passed_over; /* entries (frames.h), or MT_NO_ENTRY */
    uint32_t sample;               /* the first one */
    uint32_t n_samples;
    int64_t value[MT_N_VALUES];
};

struct mt_parts {
    struct mt_part *parts; /* by their first sample */
    size_t n, capacity;
    uint32_t *part_of; /* per sample */
    /* Of all samples: */
    int64_t gross[MT_N_VALUES]; /* without their signs */
    bool has_negative[MT_N_VALUES];
};

void mt_parts_free(struct mt_parts *parts); /* NULL is fine */

#endif
