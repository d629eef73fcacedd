/* SPDX-License-Identifier: MIT */
/* The words for groupings and columns. */
#include <string.h>

#include "view/rows/rows.h"

static const char *const by_names[MT_N_BY] = {"line",   "function", "file", "module", "stack",
                                              "thread", "scope",    "size", "domain"};
const char mt_group_by_list[] = "line|function|file|module|stack|thread|scope|size|domain";

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
const char mt_sort_list[] = "live|peak|total|blocks|temporary|max|waste";

const char *mt_group_by_name(enum mt_group_by by) {
    return by < MT_N_BY ? by_names[by] : "";
}

bool mt_group_by_parse(const char *name, enum mt_group_by *by) {
    for (size_t i = 0; i < MT_N_BY; i++)
        if (strcmp(name, by_names[i]) == 0) {
            *by = (enum mt_group_by)i;
            return true;
        }
    return false;
}

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
