/* SPDX-License-Identifier: MIT */
/*
 * The rows of a report.
 */
#include "page/core/rows.h"

#include <stdlib.h>
#include <string.h>

#include "page/core/core.h"
#include "page/core/exports.h"
#include "page/core/options.h"
#include "view/format/format.h"
#include "view/summary/summary.h"

static bool out_of_memory(void) {
    mt_error_set(&mt_core_error, MEMTRACK_ENOMEM, "", "out of memory");
    return false;
}

/* By size class and by label rows are never --cumulative, and keep their samples. */
static bool build(struct mt_core_profile *of, const char *text, struct mt_rows **rows) {
    struct mt_core_options options;
    if (mt_core_options_read(&options, text) < 0)
        return false;
    struct mt_view_options *view = &options.view;
    view->frames = mt_core_options_frames(of, &options);
    if (!view->frames)
        return out_of_memory();
    if (!options.sort_given)
        view->sort = mt_sort_choose(of->profile, &view->at);
    view->keeps_samples = !view->cumulative;
    return mt_rows_build(of->profile, view, rows, &mt_core_error) == 0;
}

struct mt_core_rows *MT_CORE_EXPORT(mt_core_rows_new)(struct mt_core_profile *profile,
                                                      const char *options) {
    struct mt_core_rows *rows = calloc(1, sizeof *rows);
    if (rows && build(profile, options, &rows->rows))
        return rows;
    if (!rows)
        out_of_memory();
    free(rows);
    return NULL;
}

void MT_CORE_EXPORT(mt_core_rows_free)(struct mt_core_rows *rows) {
    if (!rows)
        return;
    for (size_t i = 0; i < sizeof rows->text / sizeof *rows->text; i++)
        free(rows->text[i]);
    mt_core_path_free(&rows->path);
    mt_rows_free(rows->rows);
    free(rows);
}

uint32_t MT_CORE_EXPORT(mt_core_rows_count)(const struct mt_core_rows *rows) {
    return (uint32_t)mt_rows_count(rows->rows);
}

/* ---- totals ---------------------------------------------------------------------------------- */

void mt_core_rows_put_totals(const struct mt_rows *rows) {
    static const struct {
        const char *name;
        enum mt_value value;
    } signed_totals[] = {
        {"live_bytes", MT_VALUE_LIVE_BYTES},   {"live_blocks", MT_VALUE_LIVE_BLOCKS},
        {"peak_bytes", MT_VALUE_PEAK_BYTES},   {"peak_blocks", MT_VALUE_PEAK_BLOCKS},
        {"total_bytes", MT_VALUE_TOTAL_BYTES}, {"total_blocks", MT_VALUE_TOTAL_BLOCKS},
    };
    const struct mt_profile_info *info = &mt_rows_profile(rows)->info;
    struct mt_totals totals;
    mt_rows_totals(rows, &totals);
    for (size_t i = 0; i < sizeof signed_totals / sizeof *signed_totals; i++)
        mt_core_pairs_number(signed_totals[i].name,
                             (double)mt_rows_total(rows, signed_totals[i].value));
    mt_core_pairs_number("freed_bytes", (double)totals.freed_bytes);
    mt_core_pairs_number("freed_blocks", (double)totals.freed_blocks);
    mt_core_pairs_number("temporary_blocks", (double)totals.temporary_blocks);
    mt_core_pairs_number("failed_allocations", (double)totals.failed_allocations);
    mt_core_pairs_number("total_usable_bytes",
                         info->usable_measured ? (double)info->usable_bytes : 0);
}

const char *MT_CORE_EXPORT(mt_core_rows_totals)(const struct mt_core_rows *rows) {
    const struct mt_rows *of = rows->rows;
    const struct mt_view_options *options = mt_rows_options(of);
    mt_core_pairs_begin();
    mt_core_rows_put_totals(of);
    mt_core_pairs_text("by", mt_group_by_name(options->by));
    mt_core_pairs_text("sort", mt_sort_name(options->sort));
    mt_core_pairs_number("filtered", mt_rows_is_filtered(of));
    for (enum mt_value v = 0; v < MT_N_VALUES; v++) {
        mt_core_pairs_number("passed", (double)mt_rows_passed(of)->value[v]);
        mt_core_pairs_number("whole", (double)mt_rows_whole(of, v));
        mt_core_pairs_number("has", mt_rows_has(of, v));
    }
    return mt_core_pairs_end();
}

/* ---- rows ------------------------------------------------------------------------------------ */

static const char *put(struct mt_core_rows *rows, size_t i, const char *raw) {
    free(rows->text[i]);
    rows->text[i] = mt_format_utf8(raw ? raw : "");
    return rows->text[i] ? rows->text[i] : "";
}

const struct mt_core_row *MT_CORE_EXPORT(mt_core_rows_at)(struct mt_core_rows *rows, uint32_t i) {
    const struct mt_profile *profile = mt_rows_profile(rows->rows);
    const struct mt_row *row = mt_rows_at(rows->rows, i);
    char *key = mt_rows_key(rows->rows, row);
    rows->row = (struct mt_core_row){
        .line = (double)row->line,
        .key = put(rows, 0, key),
        .function = put(rows, 1, mt_profile_text(profile, row->function)),
        .file = put(rows, 2, mt_profile_text(profile, row->file)),
        .module = put(rows, 3, mt_profile_text(profile, row->module)),
        .n_sites = row->n_sites,
        .sample = row->sample,
        .has_margin = profile->info.sample_bytes != 0,
        .max_is_bound = mt_rows_max_is_bound(rows->rows, row),
    };
    free(key);
    for (enum mt_value v = 0; v < MT_N_VALUES; v++) {
        rows->row.value[v] = (double)row->value[v];
        rows->row.margin[v] = (double)mt_rows_margin(rows->rows, row, v);
    }
    return &rows->row;
}

double *MT_CORE_EXPORT(mt_core_rows_column)(const struct mt_core_rows *rows, uint32_t value) {
    size_t n = mt_rows_count(rows->rows);
    double *column = malloc((n + 1) * sizeof *column);
    for (size_t i = 0; column && i < n; i++)
        column[i] = (double)mt_rows_at(rows->rows, i)->value[value];
    return column;
}

uint32_t MT_CORE_EXPORT(mt_core_rows_stack)(struct mt_core_rows *rows, uint32_t i) {
    return mt_core_path_of(&rows->path, rows->rows, mt_rows_at(rows->rows, i));
}

uint32_t MT_CORE_EXPORT(mt_core_rows_path)(struct mt_core_rows *rows, uint32_t sample) {
    const struct mt_row row = {.sample = sample};
    return mt_core_path_of(&rows->path, rows->rows, &row);
}

const struct mt_core_frame *MT_CORE_EXPORT(mt_core_rows_frame)(struct mt_core_rows *rows,
                                                               uint32_t i) {
    return mt_core_path_at(&rows->path, mt_rows_profile(rows->rows), i);
}

uint32_t *MT_CORE_EXPORT(mt_core_rows_in_file)(const struct mt_core_rows *rows, const char *file) {
    const struct mt_profile *profile = mt_rows_profile(rows->rows);
    size_t n = mt_rows_count(rows->rows);
    uint32_t *found = malloc((n + 1) * sizeof *found);
    struct mt_core_same same = {0};
    if (!found)
        return NULL;
    found[0] = 0;
    for (uint32_t i = 0; i < n; i++)
        if (mt_core_path_is(&same, profile, mt_rows_at(rows->rows, i)->file, file))
            found[++found[0]] = i;
    return found;
}

uint32_t *MT_CORE_EXPORT(mt_core_rows_of_samples)(const struct mt_core_rows *rows) {
    size_t n;
    const uint32_t *of = mt_rows_of_samples(rows->rows, &n);
    uint32_t *copy = of ? malloc((n + 1) * sizeof *copy) : NULL;
    if (copy)
        memcpy(copy, of, n * sizeof *copy);
    return copy;
}

/* ---- words ----------------------------------------------------------------------------------- */

const char *MT_CORE_EXPORT(mt_core_rows_notes)(const struct mt_core_rows *rows) {
    struct mt_summary lines = {0};
    mt_summary_coverage_notes(rows->rows, &lines);
    mt_core_pairs_begin();
    for (size_t i = 0; i < lines.n; i++)
        mt_core_pairs_text("note", lines.items[i].text);
    mt_summary_free(&lines);
    return mt_core_pairs_end();
}
