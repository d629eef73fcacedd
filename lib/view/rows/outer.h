/* SPDX-License-Identifier: MIT */
/* Where a call path begins to be the program's. */
#ifndef MT_VIEW_ROWS_OUTER_H
#define MT_VIEW_ROWS_OUTER_H

#include "view/rows/rows.h"

/* Returns how many frames, from the innermost on, are worth showing: without those at the outer end
 * that only start the program or a thread. All of them when nothing else is left, or when the outer
 * end is missing. */
size_t mt_rows_outer_end(const struct mt_profile *profile, const struct mt_row_frame *frames,
                         size_t n, bool truncated);

#endif
