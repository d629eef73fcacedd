/* SPDX-License-Identifier: MIT */
/*
 * Rows of view/rows behind a handle. Keys are made when they are asked for, as there, and then
 * kept: the caller's row points at them.
 */
#include <stdlib.h>

#include "analyze/analyze-local.h"
#include "view/summary/summary.h"

struct memtrack_statistics {
    memtrack_profile *profile; /* what passed the filter; a reference */
    struct mt_rows *rows;
    size_t n;
    mt_analyze_text *keys;
    struct mt_summary notes;
};

void memtrack_statistics_free(memtrack_statistics *statistics) {
    MT_ANALYZE_PAUSED;
    if (!statistics)
        return;
    for (size_t i = 0; i < statistics->n && statistics->keys; i++)
        free(atomic_load_explicit(&statistics->keys[i], memory_order_relaxed));
    free(statistics->keys);
    mt_summary_free(&statistics->notes);
    mt_rows_free(statistics->rows);
    mt_analyze_profile_release(statistics->profile);
    free(statistics);
}

static int build(memtrack_statistics *statistics, const struct mt_view_options *options,
                 size_t limit) {
    int status = mt_rows_build(mt_analyze_model(statistics->profile), options, &statistics->rows,
                               mt_analyze_error());
    if (status < 0)
        return status;
    size_t n = mt_rows_count(statistics->rows);
    statistics->n = limit && limit < n ? limit : n;
    statistics->keys = calloc(statistics->n + 1, sizeof *statistics->keys);
    mt_summary_coverage_notes(statistics->rows, &statistics->notes);
    return statistics->keys && !statistics->notes.failed ? 0 : mt_analyze_error_no_memory();
}

int memtrack_statistics_new(const memtrack_profile *profile, const memtrack_view *view,
                            memtrack_statistics **out) {
    MT_ANALYZE_PAUSED;
    if (!profile || !out)
        return mt_analyze_error_null(__func__);
    memtrack_view checked;
    struct mt_view_options options;
    *out = NULL;
    mt_analyze_error();
    int status = mt_analyze_options_check(view, &checked, &options);
    if (status < 0)
        return status;
    if (checked.sort == MEMTRACK_COLUMN_DEFAULT)
        options.sort = mt_analyze_options_default_sort(profile);
    memtrack_statistics *statistics = calloc(1, sizeof *statistics);
    if (!statistics)
        return mt_analyze_error_no_memory();
    status = mt_analyze_profile_filtered(profile, checked.filter, &options.wrappers,
                                         &statistics->profile);
    if (status == 0)
        status = build(statistics, &options, checked.limit);
    if (status == 0)
        *out = statistics;
    else
        memtrack_statistics_free(statistics);
    return status;
}

size_t memtrack_statistics_count(const memtrack_statistics *statistics) {
    return statistics ? statistics->n : 0;
}

static const char *key_of(const memtrack_statistics *statistics, size_t i) {
    char *key = atomic_load(&statistics->keys[i]);
    return key ? key
               : mt_analyze_options_keep_text(
                     &statistics->keys[i],
                     mt_rows_key(statistics->rows, mt_rows_at(statistics->rows, i)));
}

int memtrack_statistics_row(const memtrack_statistics *statistics, size_t i, memtrack_row *out) {
    MT_ANALYZE_PAUSED;
    if (!statistics || !out)
        return mt_analyze_error_null(__func__);
    mt_analyze_error();
    if (i >= statistics->n)
        return mt_analyze_error_no_item("row", i, statistics->n);
    const struct mt_row *row = mt_rows_at(statistics->rows, i);
    const char *key = key_of(statistics, i);
    if (!key)
        return mt_analyze_error_no_memory();
    struct mt_analyze_place place = mt_analyze_stack_place(statistics->rows, row);
    *out = (memtrack_row){.key = key,
                          .function = place.function,
                          .file = place.file,
                          .module = place.module,
                          .line = place.line,
                          .values = mt_analyze_options_values(row->value),
                          .n_traces = row->n_sites,
                          .max_is_bound = mt_rows_max_is_bound(statistics->rows, row)};
    return 0;
}

int memtrack_statistics_sum(const memtrack_statistics *statistics, memtrack_values *out) {
    if (!statistics || !out)
        return mt_analyze_error_null(__func__);
    *out = mt_analyze_options_values(mt_rows_passed(statistics->rows)->value);
    return 0;
}

int memtrack_statistics_stack(const memtrack_statistics *statistics, size_t i,
                              memtrack_stack **out) {
    MT_ANALYZE_PAUSED;
    if (!statistics || !out)
        return mt_analyze_error_null(__func__);
    mt_analyze_error();
    *out = NULL;
    if (i >= statistics->n)
        return mt_analyze_error_no_item("row", i, statistics->n);
    return mt_analyze_stack(statistics->profile, statistics->rows, mt_rows_at(statistics->rows, i),
                            out);
}

const char *memtrack_statistics_note(const memtrack_statistics *statistics, size_t i) {
    if (!statistics)
        return NULL;
    return i < statistics->notes.n ? statistics->notes.items[i].text : NULL;
}

char *memtrack_statistics_text(const memtrack_statistics *statistics, size_t i) {
    MT_ANALYZE_PAUSED;
    if (!statistics) {
        mt_analyze_error_null(__func__);
        return NULL;
    }
    mt_analyze_error();
    if (i >= statistics->n) {
        mt_analyze_error_no_item("row", i, statistics->n);
        return NULL;
    }
    const struct mt_row *row = mt_rows_at(statistics->rows, i);
    const char *key = key_of(statistics, i);
    char *text =
        key ? mt_analyze_stack_line(key, mt_rows_options(statistics->rows)->sort, row->value, NULL)
            : NULL;
    if (!text)
        mt_analyze_error_no_memory();
    return text;
}
