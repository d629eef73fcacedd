/* SPDX-License-Identifier: MIT */
/*
 * Between the public enums and structs, which never change, and those of view/, which may. Structs
 * that callers fill begin with their size: a program that was compiled with an older header has a
 * shorter one, whose missing end is zero.
 */
#include <stdlib.h>
#include <string.h>

#include "analyze/analyze-local.h"

static const enum mt_value value_of_column[] = {
    [MEMTRACK_LIVE_BYTES] = MT_VALUE_LIVE_BYTES,
    [MEMTRACK_LIVE_BLOCKS] = MT_VALUE_LIVE_BLOCKS,
    [MEMTRACK_PEAK_BYTES] = MT_VALUE_PEAK_BYTES,
    [MEMTRACK_PEAK_BLOCKS] = MT_VALUE_PEAK_BLOCKS,
    [MEMTRACK_TOTAL_BYTES] = MT_VALUE_TOTAL_BYTES,
    [MEMTRACK_TOTAL_BLOCKS] = MT_VALUE_TOTAL_BLOCKS,
    [MEMTRACK_TEMPORARY_BLOCKS] = MT_VALUE_TEMPORARY_BLOCKS,
    [MEMTRACK_MAX_BYTES] = MT_VALUE_MAX_BYTES,
    [MEMTRACK_WASTE_BYTES] = MT_VALUE_WASTE_BYTES,
};
enum { N_COLUMNS = sizeof value_of_column / sizeof *value_of_column };

static const enum mt_group_by internal_group[] = {
    [MEMTRACK_BY_LINE] = MT_BY_LINE,     [MEMTRACK_BY_FUNCTION] = MT_BY_FUNCTION,
    [MEMTRACK_BY_FILE] = MT_BY_FILE,     [MEMTRACK_BY_MODULE] = MT_BY_MODULE,
    [MEMTRACK_BY_STACK] = MT_BY_STACK,   [MEMTRACK_BY_THREAD] = MT_BY_THREAD,
    [MEMTRACK_BY_SCOPE] = MT_BY_SCOPE,   [MEMTRACK_BY_SIZE] = MT_BY_SIZE,
    [MEMTRACK_BY_DOMAIN] = MT_BY_DOMAIN,
};
enum { N_GROUPS = sizeof internal_group / sizeof *internal_group };

/* ---- columns --------------------------------------------------------------------------------- */

bool mt_analyze_options_column(memtrack_column column, enum mt_value *value) {
    if (column <= MEMTRACK_COLUMN_DEFAULT || (size_t)column >= N_COLUMNS)
        return false;
    *value = value_of_column[column];
    return true;
}

memtrack_values mt_analyze_options_values(const int64_t value[MT_N_VALUES]) {
    return (memtrack_values){.live_bytes = value[MT_VALUE_LIVE_BYTES],
                             .live_blocks = value[MT_VALUE_LIVE_BLOCKS],
                             .peak_bytes = value[MT_VALUE_PEAK_BYTES],
                             .peak_blocks = value[MT_VALUE_PEAK_BLOCKS],
                             .total_bytes = value[MT_VALUE_TOTAL_BYTES],
                             .total_blocks = value[MT_VALUE_TOTAL_BLOCKS],
                             .temporary_blocks = value[MT_VALUE_TEMPORARY_BLOCKS],
                             .max_bytes = value[MT_VALUE_MAX_BYTES],
                             .waste_bytes = value[MT_VALUE_WASTE_BYTES]};
}

int64_t memtrack_value(const memtrack_values *values, memtrack_column column) {
    if (!values)
        return 0;
    switch (column) {
    case MEMTRACK_LIVE_BYTES:
        return values->live_bytes;
    case MEMTRACK_LIVE_BLOCKS:
        return values->live_blocks;
    case MEMTRACK_PEAK_BYTES:
        return values->peak_bytes;
    case MEMTRACK_PEAK_BLOCKS:
        return values->peak_blocks;
    case MEMTRACK_TOTAL_BYTES:
        return values->total_bytes;
    case MEMTRACK_TOTAL_BLOCKS:
        return values->total_blocks;
    case MEMTRACK_TEMPORARY_BLOCKS:
        return values->temporary_blocks;
    case MEMTRACK_MAX_BYTES:
        return values->max_bytes;
    case MEMTRACK_WASTE_BYTES:
        return values->waste_bytes;
    case MEMTRACK_COLUMN_DEFAULT:
        break;
    }
    return 0;
}

enum mt_value mt_analyze_options_default_sort(const memtrack_profile *profile) {
    bool by_peak = !profile->is_moment && mt_analyze_model(profile)->has_value[MT_VALUE_PEAK_BYTES];
    return by_peak ? MT_VALUE_PEAK_BYTES : MT_VALUE_LIVE_BYTES;
}

/* ---- names ----------------------------------------------------------------------------------- */

const char *memtrack_group_by_name(memtrack_group_by by) {
    return (size_t)by < N_GROUPS ? mt_group_by_name(internal_group[by]) : NULL;
}

int memtrack_group_by_parse(const char *name, memtrack_group_by *out) {
    if (!name || !out)
        return mt_analyze_error_null(__func__);
    struct mt_error *error = mt_analyze_error();
    enum mt_group_by by;
    if (mt_group_by_parse(name, &by))
        for (size_t i = 0; i < N_GROUPS; i++)
            if (internal_group[i] == by) {
                *out = (memtrack_group_by)i;
                return 0;
            }
    return mt_error_set(error, MEMTRACK_EUSAGE, mt_group_by_list, "%s: no such grouping", name);
}

const char *memtrack_column_name(memtrack_column column) {
    enum mt_value value;
    return mt_analyze_options_column(column, &value) ? mt_sort_name(value) : NULL;
}

int memtrack_column_parse(const char *name, memtrack_column *out) {
    if (!name || !out)
        return mt_analyze_error_null(__func__);
    struct mt_error *error = mt_analyze_error();
    enum mt_value value;
    if (mt_sort_parse(name, &value))
        for (size_t i = MEMTRACK_COLUMN_DEFAULT + 1; i < N_COLUMNS; i++)
            if (value_of_column[i] == value) {
                *out = (memtrack_column)i;
                return 0;
            }
    return mt_error_set(error, MEMTRACK_EUSAGE, mt_sort_list, "%s: no such column", name);
}

/* ---- structs of callers ---------------------------------------------------------------------- */

int mt_analyze_options_copy(const void *from, void *to, size_t bytes) {
    size_t theirs;
    memset(to, 0, bytes);
    memcpy(&theirs, from, sizeof theirs);
    if (theirs < sizeof theirs || theirs > 65536)
        return mt_error_set(mt_analyze_error(), MEMTRACK_EUSAGE,
                            "Use the _init function of the struct.",
                            "options whose struct_bytes is not their size");
    memcpy(to, from, theirs < bytes ? theirs : bytes);
    for (size_t i = bytes; i < theirs; i++)
        if (((const char *)from)[i])
            return mt_error_set(mt_analyze_error(), MEMTRACK_EUSAGE, "Update libmemtrack-analyze.",
                                "options that version %s of the library does not know",
                                MEMTRACK_VERSION);
    return 0;
}

int mt_analyze_options_check(const memtrack_view *view, memtrack_view *checked,
                             struct mt_view_options *options) {
    *checked = memtrack_view_init();
    *options = (struct mt_view_options){.by = MT_BY_LINE};
    int status = view ? mt_analyze_options_copy(view, checked, sizeof *checked) : 0;
    if (status < 0)
        return status;
    struct mt_error *error = mt_analyze_error();
    if ((size_t)checked->by >= N_GROUPS)
        return mt_error_set(error, MEMTRACK_EUSAGE, mt_group_by_list, "%d: no such grouping",
                            (int)checked->by);
    if (checked->sort != MEMTRACK_COLUMN_DEFAULT &&
        !mt_analyze_options_column(checked->sort, &options->sort))
        return mt_error_set(error, MEMTRACK_EUSAGE, mt_sort_list, "%d: no such column",
                            (int)checked->sort);
    for (size_t i = 0; checked->wrappers && i < checked->n_wrappers; i++)
        if (!checked->wrappers[i])
            return mt_error_set(error, MEMTRACK_EUSAGE, "Count the patterns again.",
                                "pattern %zu of wrappers is NULL", i);
    options->by = internal_group[checked->by];
    options->cumulative = checked->cumulative != 0;
    options->n_named = checked->limit;
    options->wrappers =
        (struct mt_wrapper_options){.patterns = checked->wrappers,
                                    .n_patterns = checked->wrappers ? checked->n_wrappers : 0,
                                    .keep_libraries = checked->keep_std != 0,
                                    .keep_all = checked->keep_wrappers != 0};
    return 0;
}

const char *mt_analyze_options_keep_text(mt_analyze_text *slot, char *made) {
    char *kept = NULL;
    /* Two threads may have made it: the first one's stays, since it may have been handed out. */
    if (!made || atomic_compare_exchange_strong(slot, &kept, made))
        return made;
    free(made);
    return kept;
}
