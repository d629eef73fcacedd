/* SPDX-License-Identifier: MIT */
/* Differences of view/diff behind a handle; keys are kept as in statistics.c, two for a row. */
#include <stdlib.h>

#include "analyze/analyze-local.h"
#include "view/compare/diff.h"
#include "view/rows/infer.h"
#include "view/rows/patterns.h"

struct memtrack_comparison {
    memtrack_profile *profiles[MT_N_SIDES]; /* what passed the filter; references */
    struct mt_profile models[MT_N_SIDES];   /* copies of theirs, which own nothing */
    struct mt_diff *diff;
    size_t n;
    mt_analyze_text *keys; /* two for each row: by its name, and by the old one */
};

void memtrack_comparison_free(memtrack_comparison *comparison) {
    MT_ANALYZE_PAUSED;
    if (!comparison)
        return;
    for (size_t i = 0; i < comparison->n * 2 && comparison->keys; i++)
        free(atomic_load_explicit(&comparison->keys[i], memory_order_relaxed));
    free(comparison->keys);
    mt_diff_free(comparison->diff);
    for (size_t side = 0; side < MT_N_SIDES; side++)
        mt_analyze_profile_release(comparison->profiles[side]);
    free(comparison);
}

/* At a time of the recording only what was live then can be compared: the other columns are those
 * of its end. */
static void hide_columns(struct mt_profile *model) {
    for (size_t v = 0; v < MT_N_VALUES; v++)
        if (v != MT_VALUE_LIVE_BYTES && v != MT_VALUE_LIVE_BLOCKS)
            model->has_value[v] = false;
}

static int build(memtrack_comparison *comparison, const struct mt_diff_options *options,
                 size_t limit) {
    const struct mt_profile *models[MT_N_SIDES];
    for (size_t side = 0; side < MT_N_SIDES; side++) {
        comparison->models[side] = *mt_analyze_model(comparison->profiles[side]);
        if (comparison->profiles[side]->is_time)
            hide_columns(&comparison->models[side]);
        models[side] = &comparison->models[side];
    }
    int status = mt_diff_build(models, options, &comparison->diff, mt_analyze_error());
    if (status < 0)
        return status;
    size_t n = mt_diff_count(comparison->diff);
    comparison->n = limit && limit < n ? limit : n;
    comparison->keys = calloc(comparison->n * 2 + 1, sizeof *comparison->keys);
    return comparison->keys ? 0 : mt_analyze_error_no_memory();
}

/* Both sides are charged by the patterns that either of them has stored, and by the wrappers that
 * were recognised in either. */
static int filter_sides(memtrack_comparison *comparison,
                        const memtrack_profile *const profiles[MT_N_SIDES],
                        const memtrack_filter *filter, const struct mt_wrapper_options *wrappers) {
    const struct mt_profile *models[MT_N_SIDES] = {mt_analyze_model(profiles[MT_OLD]),
                                                   mt_analyze_model(profiles[MT_NEW])};
    struct mt_patterns patterns;
    struct mt_wrapper_name *inferred = NULL;
    int status = mt_patterns_join(&patterns, wrappers, models, MT_N_SIDES);
    if (status == 0)
        status = mt_infer_join(&patterns.options, models, MT_N_SIDES, &inferred);
    if (status < 0) {
        mt_patterns_free(&patterns);
        mt_analyze_error_no_memory();
        return status;
    }
    for (size_t side = 0; side < MT_N_SIDES && status == 0; side++)
        status = mt_analyze_profile_filtered(profiles[side], filter, &patterns.options,
                                             &comparison->profiles[side]);
    free(inferred);
    mt_patterns_free(&patterns);
    return status;
}

int memtrack_comparison_new(const memtrack_profile *old_profile,
                            const memtrack_profile *new_profile, const memtrack_view *view,
                            memtrack_comparison **out) {
    MT_ANALYZE_PAUSED;
    if (!old_profile || !new_profile || !out)
        return mt_analyze_error_null(__func__);
    const memtrack_profile *profiles[MT_N_SIDES] = {[MT_OLD] = old_profile, [MT_NEW] = new_profile};
    memtrack_view checked;
    struct mt_diff_options options = {.sort_given = true, .keep_live = true}; /* as documented */
    *out = NULL;
    mt_analyze_error();
    int status = mt_analyze_options_check(view, &checked, &options.view);
    if (status < 0)
        return status;
    options.sort_given = checked.sort != MEMTRACK_COLUMN_DEFAULT;
    memtrack_comparison *comparison = calloc(1, sizeof *comparison);
    if (!comparison)
        return mt_analyze_error_no_memory();
    status = filter_sides(comparison, profiles, checked.filter, &options.view.wrappers);
    if (status == 0)
        status = build(comparison, &options, checked.limit);
    if (status == 0)
        *out = comparison;
    else
        memtrack_comparison_free(comparison);
    return status;
}

size_t memtrack_comparison_count(const memtrack_comparison *comparison) {
    return comparison ? comparison->n : 0;
}

/* Returns the key that a row is called by, or its old one: NULL when there is none, and with
 * *failed set when it could not be made. */
static const char *key_of(const memtrack_comparison *comparison, size_t i, bool old, bool *failed) {
    mt_analyze_text *slot = &comparison->keys[i * 2 + old];
    const struct mt_diff_row *row = mt_diff_at(comparison->diff, i);
    char *key = atomic_load(slot);
    if (key || (old && !row->row[MT_OLD]))
        return key;
    bool made_failed = false;
    key = old ? mt_diff_old_key(comparison->diff, row, &made_failed)
              : mt_diff_key(comparison->diff, row);
    *failed |= !key;
    return mt_analyze_options_keep_text(slot, key);
}

static memtrack_change change_of(const struct mt_diff_row *row) {
    return row->state == MT_DIFF_NEW        ? MEMTRACK_APPEARED
           : row->state == MT_DIFF_VANISHED ? MEMTRACK_VANISHED
                                            : MEMTRACK_IN_BOTH;
}

static void fill_values(const struct mt_diff_row *row, memtrack_difference *out) {
    out->old_values = mt_analyze_options_values(row->value[MT_OLD]);
    out->new_values = mt_analyze_options_values(row->value[MT_NEW]);
    out->differences = mt_analyze_options_values(row->diff);
}

int memtrack_comparison_row(const memtrack_comparison *comparison, size_t i,
                            memtrack_difference *out) {
    MT_ANALYZE_PAUSED;
    if (!comparison || !out)
        return mt_analyze_error_null(__func__);
    mt_analyze_error();
    if (i >= comparison->n)
        return mt_analyze_error_no_item("row", i, comparison->n);
    const struct mt_diff_row *row = mt_diff_at(comparison->diff, i);
    bool failed = false;
    const char *key = key_of(comparison, i, false, &failed),
               *old_key = key_of(comparison, i, true, &failed);
    if (failed)
        return mt_analyze_error_no_memory();
    enum mt_side side = mt_diff_named_by(row);
    struct mt_analyze_place place =
        mt_analyze_stack_place(mt_diff_rows(comparison->diff, side), row->row[side]);
    *out = (memtrack_difference){.key = key,
                                 .old_key = old_key,
                                 .function = place.function,
                                 .file = place.file,
                                 .module = place.module,
                                 .line = place.line,
                                 .change = change_of(row),
                                 .has_moved = row->has_moved,
                                 .is_rebuilt = row->is_rebuilt};
    fill_values(row, out);
    return 0;
}

int memtrack_comparison_sum(const memtrack_comparison *comparison, memtrack_difference *out) {
    if (!comparison || !out)
        return mt_analyze_error_null(__func__);
    *out =
        (memtrack_difference){.key = "", .old_key = "", .function = "", .file = "", .module = ""};
    fill_values(mt_diff_passed(comparison->diff), out);
    return 0;
}

int memtrack_comparison_has(const memtrack_comparison *comparison, memtrack_column column) {
    if (!comparison)
        return 0;
    enum mt_value value;
    return mt_analyze_options_column(column, &value) && mt_diff_has(comparison->diff, value);
}

int memtrack_comparison_stack(const memtrack_comparison *comparison, size_t i, int side,
                              memtrack_stack **out) {
    MT_ANALYZE_PAUSED;
    if (!comparison || !out)
        return mt_analyze_error_null(__func__);
    struct mt_error *error = mt_analyze_error();
    *out = NULL;
    if (i >= comparison->n)
        return mt_analyze_error_no_item("row", i, comparison->n);
    if (side != MEMTRACK_OLD && side != MEMTRACK_NEW)
        return mt_error_set(error, MEMTRACK_EUSAGE, "Give MEMTRACK_OLD or MEMTRACK_NEW.",
                            "%d is neither side of a comparison", side);
    enum mt_side from = side == MEMTRACK_OLD ? MT_OLD : MT_NEW;
    const struct mt_row *row = mt_diff_at(comparison->diff, i)->row[from];
    if (!row)
        return mt_error_set(error, MEMTRACK_ENOTFOUND, "Take the other side's.",
                            "row %zu is not in the %s profile", i, from == MT_OLD ? "old" : "new");
    return mt_analyze_stack(comparison->profiles[from], mt_diff_rows(comparison->diff, from), row,
                            out);
}

const char *memtrack_comparison_note(const memtrack_comparison *comparison, size_t i) {
    if (!comparison)
        return NULL;
    return mt_diff_note(comparison->diff, i);
}

char *memtrack_comparison_text(const memtrack_comparison *comparison, size_t i) {
    MT_ANALYZE_PAUSED;
    if (!comparison) {
        mt_analyze_error_null(__func__);
        return NULL;
    }
    mt_analyze_error();
    if (i >= comparison->n) {
        mt_analyze_error_no_item("row", i, comparison->n);
        return NULL;
    }
    const struct mt_diff_row *row = mt_diff_at(comparison->diff, i);
    bool failed = false;
    const char *key = key_of(comparison, i, false, &failed);
    char *text = key ? mt_analyze_stack_line(key, mt_diff_sort(comparison->diff),
                                             row->value[MT_NEW], row->diff)
                     : NULL;
    if (!text)
        mt_analyze_error_no_memory();
    return text;
}
