/* SPDX-License-Identifier: MIT */
/* The words for groupings and columns, and what can be asked of finished rows. */
#include <string.h>

#include "view/rows-local.h"

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

bool mt_value_is_bytes(enum mt_value value) {
    return value == MT_VALUE_LIVE_BYTES || value == MT_VALUE_PEAK_BYTES || value == MT_VALUE_TOTAL_BYTES ||
           value == MT_VALUE_MAX_BYTES || value == MT_VALUE_WASTE_BYTES;
}

bool mt_sort_parse(const char *name, enum mt_value *sort) {
    for (size_t i = 0; i < sizeof sort_names / sizeof *sort_names; i++)
        if (strcmp(name, sort_names[i].name) == 0) {
            *sort = sort_names[i].value;
            return true;
        }
    return false;
}

size_t mt_rows_count(const struct mt_rows *rows) {
    return rows->n;
}

const struct mt_row *mt_rows_at(const struct mt_rows *rows, size_t i) {
    return &rows->items[i];
}

const struct mt_row *mt_rows_passed(const struct mt_rows *rows) {
    return &rows->passed;
}

const struct mt_row *mt_rows_all(const struct mt_rows *rows) {
    return &rows->all;
}

const struct mt_view_options *mt_rows_options(const struct mt_rows *rows) {
    return &rows->options;
}

const struct mt_profile *mt_rows_profile(const struct mt_rows *rows) {
    return rows->profile;
}

bool mt_rows_is_filtered(const struct mt_rows *rows) {
    return rows->is_filtered;
}

void mt_rows_add(struct mt_row *sum, const struct mt_row *row) {
    for (size_t v = 0; v < MT_N_VALUES; v++)
        if (__builtin_add_overflow(sum->value[v], row->value[v], &sum->value[v]))
            sum->value[v] = row->value[v] < 0 ? INT64_MIN : INT64_MAX;
    sum->n_sites += row->n_sites;
}

void mt_rows_sum_from(const struct mt_rows *rows, size_t i, struct mt_row *sum) {
    *sum = (struct mt_row){.sample = UINT32_MAX, .entry = MT_NO_ENTRY};
    for (; i < rows->n; i++)
        mt_rows_add(sum, &rows->items[i]);
}

void mt_rows_totals(const struct mt_rows *rows, struct mt_totals *totals) {
    *totals = rows->profile->info.totals;
    if (rows->options.at.kind == MT_AT_END)
        return;
    int64_t bytes = rows->all.value[MT_VALUE_LIVE_BYTES], blocks = rows->all.value[MT_VALUE_LIVE_BLOCKS];
    totals->live_bytes = bytes > 0 ? (uint64_t)bytes : 0;
    totals->live_blocks = blocks > 0 ? (uint64_t)blocks : 0;
}

bool mt_rows_has(const struct mt_rows *rows, enum mt_value value) {
    const struct mt_profile *profile = rows->profile;
    if (value == MT_VALUE_WASTE_BYTES)
        return profile->has_value[value] && rows->options.at.kind == MT_AT_END &&
               (profile->info.usable_measured || !profile->info.is_memtrack);
    if ((value == MT_VALUE_LIVE_BYTES || value == MT_VALUE_LIVE_BLOCKS) && rows->options.at.kind != MT_AT_END)
        return true;
    return profile->has_value[value];
}

bool mt_rows_max_is_bound(const struct mt_rows *rows, const struct mt_row *row) {
    return row->value[MT_VALUE_MAX_BYTES] != 0 && (row->n_sites > 1 || rows->profile->info.threads);
}
