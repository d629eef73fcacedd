/* SPDX-License-Identifier: MIT */
/* The words for columns. */
#include "view/rows/sort.h"

#include <string.h>

/* The first name of a column is the one that is printed. */
static const struct {
    const char *name;
    enum mt_value value;
} sort_names[] = {
    {"live", MT_VALUE_LIVE_BYTES},
    {"peak", MT_VALUE_PEAK_BYTES},
    {"total", MT_VALUE_TOTAL_BYTES},
    {"blocks", MT_VALUE_TOTAL_BLOCKS},
    {"temporary", MT_VALUE_TEMPORARY_BLOCKS},
    {"max", MT_VALUE_MAX_BYTES},
    {"waste", MT_VALUE_WASTE_BYTES},
    {"live-blocks", MT_VALUE_LIVE_BLOCKS},
    {"peak-blocks", MT_VALUE_PEAK_BLOCKS},
    {"total-blocks", MT_VALUE_TOTAL_BLOCKS},
};
const char mt_sort_list[] = "live|peak|total|blocks|temporary|max|waste|live-blocks|peak-blocks";

const char *mt_sort_name(enum mt_value sort) {
    for (size_t i = 0; i < sizeof sort_names / sizeof *sort_names; i++)
        if (sort_names[i].value == sort)
            return sort_names[i].name;
    return "";
}

bool mt_sort_is_bytes(enum mt_value value) {
    return value == MT_VALUE_LIVE_BYTES || value == MT_VALUE_PEAK_BYTES ||
           value == MT_VALUE_TOTAL_BYTES || value == MT_VALUE_MAX_BYTES ||
           value == MT_VALUE_WASTE_BYTES;
}

bool mt_sort_parse(const char *name, enum mt_value *sort) {
    for (size_t i = 0; i < sizeof sort_names / sizeof *sort_names; i++)
        if (strcmp(name, sort_names[i].name) == 0) {
            *sort = sort_names[i].value;
            return true;
        }
    return false;
}
