/* SPDX-License-Identifier: MIT */
/* The order of the lines of `memtrack top`. */
#ifndef MT_CLI_TOP_ORDER_H
#define MT_CLI_TOP_ORDER_H

#include <stddef.h>
#include <stdint.h>

#include "top/column.h"

struct mt_top_line {
    int64_t value[MT_TOP_N_VALUES];
    uint32_t row; /* of mt_top_model_rows */
};

/* Puts the first n of count lines in order, the largest in the column first, and the others behind
 * them in any order; n == 0: all. A change counts by its size, in whichever direction. */
void mt_top_order(struct mt_top_line *lines, size_t count, size_t n, enum mt_top_column sort);

#endif
