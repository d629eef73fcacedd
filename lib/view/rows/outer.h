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

/* The same for paths in another shape: part says what the i-th frame is, by mt_rows_outer_part. */
enum mt_outer_part { MT_OUTER_START = 1, MT_OUTER_MAIN = 2, MT_OUTER_RUST = 4, MT_OUTER_LIBC = 8 };
typedef uint8_t mt_rows_outer_part_of(const void *context, size_t i);
uint8_t mt_rows_outer_part(const struct mt_profile *profile, mt_string function, uint8_t kind);
size_t mt_rows_outer_end_by(mt_rows_outer_part_of *part, const void *context, size_t n,
                            bool truncated);

#endif
