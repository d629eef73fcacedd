/* SPDX-License-Identifier: MIT */
/* The table of `memtrack top` as text: which columns fit, what stands in a cell, what a row is
 * called. */
#ifndef MT_CLI_TOP_LAYOUT_H
#define MT_CLI_TOP_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text/label.h"
#include "top/model.h"
#include "view/format/format.h"

enum { MT_TOP_GAP = 1, MT_TOP_CELL_BYTES = MT_FORMAT_BYTES + 8 };

struct mt_top_layout {
    enum mt_top_column columns[MT_TOP_N_COLUMNS];
    size_t n_columns, column_width[MT_TOP_N_COLUMNS]; /* by place; MT_TOP_GAP columns before each */
    size_t bar_width; /* it follows the column that is sorted by, without a gap; 0: there is none */
    size_t name_column, name_width;
};

/* Chooses the columns that fit: the sort column is always there, the others as long as they leave
 * the name room. width >= 1. */
void mt_top_layout_make(struct mt_top_layout *layout, size_t width, enum mt_top_column sort,
                        bool is_exact);

const char *mt_top_layout_title(enum mt_top_column column); /* "LIVE", "BYTES/S", ... */
const char *mt_top_layout_name_title(enum mt_group_by by);  /* "LINE", ... */
/* Writes a cell: "1.2 MiB", "+3.0 KiB", "1,234"; a rate is "-" while has_rates is false. Returns
 * buffer. */
char *mt_top_layout_cell(char buffer[MT_TOP_CELL_BYTES], enum mt_top_column column, int64_t value,
                         bool is_exact, bool has_rates);

/* Returns how long the bar of a value is beside that of the largest one: in eighths of a column, 0
 * to width * 8. */
size_t mt_top_layout_bar(int64_t value, int64_t largest, size_t width);

#endif
