/* SPDX-License-Identifier: MIT */
/*
 * The samples of a profile, added up by what they are charged to: for who builds rows of one
 * profile again and again. Of a compiler's 370,000 samples a few thousand sums are left, and a row is
 * made of these. Private to lib/view.
 */
#ifndef MT_VIEW_ROWS_DIGEST_H
#define MT_VIEW_ROWS_DIGEST_H

#include "view/rows/frames.h"

/* Makes frames->digest, unless it would not have the same sums: of a sampled recording, whose
 * variances depend on their order, and where a sum could saturate. Nothing may change the frames
 * from now on; they free it. Returns 0 or -MEMTRACK_ENOMEM. */
int mt_digest_make(struct mt_frames *frames);

#endif
