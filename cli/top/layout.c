/* SPDX-License-Identifier: MIT */
/*
 * Widths are fixed and not measured: columns that move with their numbers cannot be read while
 * these change ten times a second. What does not fit a narrow terminal goes in the order of how
 * much it says about the present.
 */
#include "top/layout.h"

#include <stdio.h>

enum {
    BYTES_WIDTH = 10,
    CHANGE_WIDTH = 11,
    COUNT_WIDTH = 11,
    EXACT_WIDTH = 17,
    NAME_LEAST = 24,
    BAR_FROM = 100,
    BAR = 8
};
enum { DETAIL_GAP = 2 };

const char *mt_top_layout_title(enum mt_top_column column) {
    static const char *const titles[] = {"LIVE",     "CHANGE", "BYTES/S",
                                         "ALLOCS/S", "BLOCKS", "TOTAL"};
    return titles[column];
}

const char *mt_top_layout_name_title(enum mt_group_by by) {
    return mt_group_by_heading(by);
}

/* ---- columns --------------------------------------------------------------------------------- */

static bool is_count(enum mt_top_column column) {
    return column == MT_TOP_ALLOCATIONS || column == MT_TOP_BLOCKS;
}

static size_t width_of(enum mt_top_column column, bool is_exact) {
    if (is_count(column))
        return COUNT_WIDTH;
    if (is_exact)
        return EXACT_WIDTH;
    return column == MT_TOP_CHANGE ? CHANGE_WIDTH : BYTES_WIDTH;
}

void mt_top_layout_make(struct mt_top_layout *layout, size_t width, enum mt_top_column sort,
                        bool is_exact) {
    static const enum mt_top_column by_worth[] = {MT_TOP_LIVE,   MT_TOP_CHANGE,      MT_TOP_RATE,
                                                  MT_TOP_BLOCKS, MT_TOP_ALLOCATIONS, MT_TOP_TOTAL};
    bool shown[MT_TOP_N_COLUMNS] = {false};
    shown[sort] = true;
    *layout = (struct mt_top_layout){.bar_width = width >= BAR_FROM ? BAR : 0};
    size_t used = MT_TOP_GAP + width_of(sort, is_exact) + layout->bar_width;
    for (size_t i = 0; i < MT_TOP_N_COLUMNS; i++) {
        size_t more = MT_TOP_GAP + width_of(by_worth[i], is_exact);
        if (shown[by_worth[i]])
            continue;
        if (used + more + DETAIL_GAP + NAME_LEAST > width)
            break;
        shown[by_worth[i]] = true;
        used += more;
    }
    for (size_t c = 0; c < MT_TOP_N_COLUMNS; c++)
        if (shown[c]) {
            layout->column_width[layout->n_columns] = width_of((enum mt_top_column)c, is_exact);
            layout->columns[layout->n_columns++] = (enum mt_top_column)c;
        }
    layout->name_column = used + DETAIL_GAP;
    layout->name_width = width > layout->name_column ? width - layout->name_column : 0;
}

char *mt_top_layout_cell(char buffer[MT_TOP_CELL_BYTES], enum mt_top_column column, int64_t value,
                         bool is_exact, bool has_rates) {
    char number[MT_FORMAT_BYTES];
    bool is_rate = column == MT_TOP_RATE || column == MT_TOP_ALLOCATIONS;
    if (is_rate && !has_rates) {
        snprintf(buffer, MT_TOP_CELL_BYTES, "-");
        return buffer;
    }
    if (is_count(column))
        mt_format_count(number, value);
    else
        mt_format_size(number, value, is_exact);
    snprintf(buffer, MT_TOP_CELL_BYTES, "%s%s", column == MT_TOP_CHANGE && value > 0 ? "+" : "",
             number);
    return buffer;
}

size_t mt_top_layout_bar(int64_t value, int64_t largest, size_t width) {
    double share = largest ? (double)value / (double)largest : 0;
    if (share < 0)
        share = -share;
    return share < 1 ? (size_t)(share * (double)width * 8 + 0.5) : width * 8;
}
