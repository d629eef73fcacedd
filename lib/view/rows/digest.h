/* SPDX-License-Identifier: MIT */
/*
 * The samples of a profile, added up by what they are charged to: for who builds rows of one
 * profile again and again. Of a compiler's 370,000 samples a few thousand sums are left, and a row is
 * made of these. Private to lib/view.
 */
#ifndef MT_VIEW_ROWS_DIGEST_H
#define MT_VIEW_ROWS_DIGEST_H

#include "view/rows/frames.h"

/* Samples that no grouping by frames and no filter on the charged frame tells apart. */
struct mt_digest_part {
    uint32_t charged, passed_over; /* entries, or MT_NO_ENTRY */
    uint32_t sample;               /* the first one */
    uint32_t n_samples;
    int64_t value[MT_N_VALUES];
};

struct mt_digest {
    struct mt_digest_part *parts; /* by their first sample */
    size_t n, capacity;
    uint32_t *part_of; /* per sample */
    /* Of all samples: */
    int64_t gross[MT_N_VALUES]; /* without their signs */
    bool has_negative[MT_N_VALUES];
};

/* Makes frames->digest, unless it would not have the same sums: of a sampled recording, whose
 * variances depend on their order, and where a sum could saturate. Nothing may change the frames
 * from now on; they free it. Returns 0 or -MEMTRACK_ENOMEM. */
int mt_digest_make(struct mt_frames *frames);
void mt_digest_free(struct mt_digest *digest); /* NULL is fine */

#endif
