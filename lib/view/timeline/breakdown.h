/* SPDX-License-Identifier: MIT */
/* What the heap was made of over time: the largest groups of a profile at moments all along its
 * time axis. */
#ifndef MT_VIEW_TIMELINE_BREAKDOWN_H
#define MT_VIEW_TIMELINE_BREAKDOWN_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "profile/profile.h"
#include "view/rows/rows.h"

struct mt_breakdown {
    size_t n_moments;
    uint64_t *time_ns;    /* rising times, since the start of the recording */
    size_t n_layers;      /* the last one is everything else */
    char **keys;          /* as mt_rows_key gives them; of the last NULL */
    int64_t *live_bytes;  /* layer l at moment m: [l * n_moments + m] */
    uint64_t coarsest_ns; /* greatest distance of two moments */
};

/*
 * Finds the n_layers groups that had most live bytes at any of the moments, largest first. At most
 * n_moments (>= 2) are taken; by, wrappers and filter of the options say what a group is. The
 * profile is symbolized. Returns 0, -MEMTRACK_EUSAGE when it does not hold past compositions, or
 * -MEMTRACK_ENOMEM.
 */
int mt_breakdown_build(const struct mt_profile *profile, const struct mt_view_options *options,
                       size_t n_layers, size_t n_moments, struct mt_breakdown **out,
                       struct mt_error *error);
void mt_breakdown_free(struct mt_breakdown *s); /* NULL is fine */

#endif
