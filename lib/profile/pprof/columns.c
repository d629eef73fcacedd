/* SPDX-License-Identifier: MIT */
/*
 * Column names. The first four are what Go's heap profiles call them, and what every pprof viewer
 * knows; a name that other tools use for the same thing is an alias: objects/space are tcmalloc's,
 * the rest come from profilers of other runtimes that count what is in use or what was allocated.
 */
#include "profile/pprof/columns.h"

#include <string.h>

static const struct mt_column columns[MT_N_VALUES] = {
    [MT_VALUE_TOTAL_BLOCKS] = {"alloc_objects", "count"},
    [MT_VALUE_TOTAL_BYTES] = {"alloc_space", "bytes"},
    [MT_VALUE_LIVE_BLOCKS] = {"inuse_objects", "count"},
    [MT_VALUE_LIVE_BYTES] = {"inuse_space", "bytes"},
    [MT_VALUE_PEAK_BLOCKS] = {"peak_objects", "count"},
    [MT_VALUE_PEAK_BYTES] = {"peak_space", "bytes"},
    [MT_VALUE_TEMPORARY_BLOCKS] = {"temporary_objects", "count"},
    [MT_VALUE_MAX_BYTES] = {"max_space", "bytes"},
    [MT_VALUE_WASTE_BYTES] = {"waste_space", "bytes"},
};

static const struct {
    const char *type;
    enum mt_value value;
} aliases[] = {
    {"objects", MT_VALUE_LIVE_BLOCKS},           {"space", MT_VALUE_LIVE_BYTES},
    {"heap_live_samples", MT_VALUE_LIVE_BLOCKS}, {"heap_live_objects", MT_VALUE_LIVE_BLOCKS},
    {"heap_live_size", MT_VALUE_LIVE_BYTES},     {"heap_live_space", MT_VALUE_LIVE_BYTES},
    {"heap_space", MT_VALUE_LIVE_BYTES},         {"live_objects", MT_VALUE_LIVE_BLOCKS},
    {"live_space", MT_VALUE_LIVE_BYTES},         {"allocations", MT_VALUE_TOTAL_BLOCKS},
    {"alloc_samples", MT_VALUE_TOTAL_BLOCKS},    {"alloc_size", MT_VALUE_TOTAL_BYTES},
    {"alloc_bytes", MT_VALUE_TOTAL_BYTES},       {"allocated_objects", MT_VALUE_TOTAL_BLOCKS},
    {"allocated_space", MT_VALUE_TOTAL_BYTES},
};

struct mt_column mt_columns_name(enum mt_value value) {
    return columns[value];
}

static bool same_name(const char *a, const char *b) {
    for (; *a && *b; a++, b++)
        if ((*a == '-' ? '_' : *a) != *b)
            return false;
    return *a == *b;
}

int mt_columns_find(const char *type) {
    for (int value = 0; value < MT_N_VALUES; value++)
        if (same_name(type, columns[value].type))
            return value;
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
        if (same_name(type, aliases[i].type))
            return (int)aliases[i].value;
    return -1;
}

bool mt_columns_is_bytes(const char *unit) {
    return strcmp(unit, "bytes") == 0 || strcmp(unit, "byte") == 0 || strcmp(unit, "B") == 0;
}
