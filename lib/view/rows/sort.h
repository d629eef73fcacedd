/* SPDX-License-Identifier: MIT */
/* The words for the columns that rows can be sorted by. */
#ifndef MT_VIEW_ROWS_SORT_H
#define MT_VIEW_ROWS_SORT_H

#include <stdbool.h>

#include "profile/profile.h"
#include "view/at.h"

const char *mt_sort_name(enum mt_value sort);
/* Reads the name of a column: live, peak and total are bytes, and blocks is total-blocks; also
 * live-blocks, peak-blocks, temporary, max, waste. */
bool mt_sort_parse(const char *name, enum mt_value *sort);
bool mt_sort_is_bytes(enum mt_value value); /* else it counts blocks */
/* Returns the column that rows are sorted by when nobody says so: peak, and live of another moment
 * than the end; where there is nothing in it, the first of peak, live and total that has
 * something. */
enum mt_value mt_sort_choose(const struct mt_profile *profile, const struct mt_at *at);
extern const char mt_sort_list[]; /* "live|peak|...", for messages */

#endif
