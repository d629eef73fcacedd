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

static bool has_any(const struct mt_profile *profile, enum mt_value value) {
    bool found = false;
    for (size_t i = 0; profile->has_value[value] && !found && i < profile->n_samples; i++)
        found = profile->samples[i].value[value] != 0;
    return found;
}

/* A profile of another tool may lack the default column, or have nothing in it: Go's of a short run
 * has nothing live. Of another moment than the end there is only what was live then. */
enum mt_value mt_sort_choose(const struct mt_profile *profile, const struct mt_at *at) {
    static const enum mt_value columns[] = {MT_VALUE_PEAK_BYTES, MT_VALUE_LIVE_BYTES,
                                            MT_VALUE_TOTAL_BYTES};
    if (at->kind != MT_AT_END)
        return MT_VALUE_LIVE_BYTES;
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        if (has_any(profile, columns[i]))
            return columns[i];
    return profile->has_value[MT_VALUE_PEAK_BYTES] ? MT_VALUE_PEAK_BYTES : MT_VALUE_LIVE_BYTES;
}
