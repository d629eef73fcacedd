/* SPDX-License-Identifier: MIT */
/*
 * The rows of a comparison: of two profiles, or of two moments of one.
 */
#include <stdlib.h>
#include <string.h>

#include "page/core/core.h"
#include "page/core/exports.h"
#include "page/core/options.h"
#include "page/core/rows.h"
#include "view/compare/diff.h"
#include "view/format/format.h"

struct mt_core_diff {
    struct mt_diff *diff;
    struct mt_core_diff_row row; /* that was read last */
    char *text[5];               /* key, old_key, function, file, module */
    struct mt_core_path path;
    const struct mt_profile *path_profile;
};

static bool build(struct mt_core_profile *const of[MT_N_SIDES], const char *text,
                  struct mt_diff **diff) {
    struct mt_core_options options;
    if (mt_core_options_read(&options, text) < 0)
        return false;
    struct mt_diff_options how = {.view = options.view, .sort_given = options.sort_given};
    how.at[MT_OLD] = options.from;
    how.at[MT_NEW] = options.to;
    how.view.at = (struct mt_at){.kind = MT_AT_END};
    if (of[MT_OLD] == of[MT_NEW])
        how.view.frames = mt_core_options_frames(of[MT_OLD], &options);
    const struct mt_profile *const profiles[MT_N_SIDES] = {of[MT_OLD]->profile,
                                                           of[MT_NEW]->profile};
    return mt_diff_build(profiles, &how, diff, &mt_core_error) == 0;
}

struct mt_core_diff *MT_CORE_EXPORT(mt_core_diffs_new)(struct mt_core_profile *old,
                                                       struct mt_core_profile *new,
                                                       const char *options) {
    struct mt_core_profile *const of[MT_N_SIDES] = {old, new};
    struct mt_core_diff *diff = calloc(1, sizeof *diff);
    if (diff && build(of, options, &diff->diff))
        return diff;
    if (!diff)
        mt_error_set(&mt_core_error, MEMTRACK_ENOMEM, "", "out of memory");
    free(diff);
    return NULL;
}

void MT_CORE_EXPORT(mt_core_diffs_free)(struct mt_core_diff *diff) {
    if (!diff)
        return;
    for (size_t i = 0; i < sizeof diff->text / sizeof *diff->text; i++)
        free(diff->text[i]);
    mt_core_path_free(&diff->path);
    mt_diff_free(diff->diff);
    free(diff);
}

uint32_t MT_CORE_EXPORT(mt_core_diffs_count)(const struct mt_core_diff *diff) {
    return (uint32_t)mt_diff_count(diff->diff);
}

const char *MT_CORE_EXPORT(mt_core_diffs_info)(const struct mt_core_diff *diff) {
    const char *note;
    mt_core_pairs_begin();
    mt_core_pairs_text("by", mt_group_by_name(mt_diff_by(diff->diff)));
    mt_core_pairs_text("sort", mt_sort_name(mt_diff_sort(diff->diff)));
    for (enum mt_value v = 0; v < MT_N_VALUES; v++) {
        mt_core_pairs_number("has", mt_diff_has(diff->diff, v));
        mt_core_pairs_number("passed", (double)mt_diff_passed(diff->diff)->diff[v]);
    }
    for (size_t i = 0; (note = mt_diff_note(diff->diff, i)); i++)
        mt_core_pairs_text("note", note);
    if (mt_diff_lacks_texts(diff->diff))
        mt_core_pairs_text("note",
                           "Lines that moved are paired without their text, which is not in "
                           "this page: memtrack diff reads it where the sources are.");
    return mt_core_pairs_end();
}

const char *MT_CORE_EXPORT(mt_core_diffs_totals)(const struct mt_core_diff *diff, uint32_t side) {
    mt_core_pairs_begin();
    mt_core_rows_put_totals(mt_diff_rows(diff->diff, side ? MT_NEW : MT_OLD));
    return mt_core_pairs_end();
}

static const char *put(struct mt_core_diff *diff, size_t i, const char *raw) {
    free(diff->text[i]);
    diff->text[i] = mt_format_utf8(raw ? raw : "");
    return diff->text[i] ? diff->text[i] : "";
}

static void put_values(struct mt_core_diff_row *out, const struct mt_diff_row *row) {
    for (enum mt_value v = 0; v < MT_N_VALUES; v++) {
        out->old[v] = (double)row->value[MT_OLD][v];
        out->new[v] = (double)row->value[MT_NEW][v];
        out->diff[v] = (double)row->diff[v];
        out->margin[v] = (double)mt_diff_margin(row, v);
    }
}

const struct mt_core_diff_row *MT_CORE_EXPORT(mt_core_diffs_at)(struct mt_core_diff *diff,
                                                                uint32_t i) {
    const struct mt_diff_row *row = mt_diff_at(diff->diff, i);
    enum mt_side side = mt_diff_named_by(row);
    const struct mt_profile *profile = mt_rows_profile(mt_diff_rows(diff->diff, side));
    const struct mt_row *named = row->row[side];
    bool failed;
    char *key = mt_diff_key(diff->diff, row), *old_key = mt_diff_old_key(diff->diff, row, &failed);
    diff->row = (struct mt_core_diff_row){
        .line = (double)named->line,
        .key = put(diff, 0, key),
        .old_key = put(diff, 1, old_key),
        .function = put(diff, 2, mt_profile_text(profile, named->function)),
        .file = put(diff, 3, mt_profile_text(profile, named->file)),
        .module = put(diff, 4, mt_profile_text(profile, named->module)),
        .state = mt_diff_state_name(row->state),
        .has_margin = mt_diff_is_sampled(diff->diff),
        .has_moved = row->has_moved,
    };
    free(key);
    free(old_key);
    put_values(&diff->row, row);
    return &diff->row;
}

double *MT_CORE_EXPORT(mt_core_diffs_column)(const struct mt_core_diff *diff, uint32_t value) {
    size_t n = mt_diff_count(diff->diff);
    double *column = malloc((n + 1) * sizeof *column);
    for (size_t i = 0; column && i < n; i++)
        column[i] = (double)mt_diff_at(diff->diff, i)->diff[value];
    return column;
}

uint32_t *MT_CORE_EXPORT(mt_core_diffs_in_file)(const struct mt_core_diff *diff, const char *file) {
    size_t n = mt_diff_count(diff->diff);
    uint32_t *found = malloc((n + 1) * sizeof *found);
    struct mt_core_same same = {0};
    if (!found)
        return NULL;
    found[0] = 0;
    for (uint32_t i = 0; i < n; i++) {
        const struct mt_diff_row *row = mt_diff_at(diff->diff, i);
        enum mt_side side = mt_diff_named_by(row);
        const struct mt_profile *profile = mt_rows_profile(mt_diff_rows(diff->diff, side));
        if (mt_core_path_is(&same, profile, row->row[side]->file, file))
            found[++found[0]] = i;
    }
    return found;
}

uint32_t MT_CORE_EXPORT(mt_core_diffs_stack)(struct mt_core_diff *diff, uint32_t i) {
    const struct mt_diff_row *row = mt_diff_at(diff->diff, i);
    const struct mt_rows *rows = mt_diff_rows(diff->diff, mt_diff_named_by(row));
    diff->path_profile = mt_rows_profile(rows);
    return mt_core_path_of(&diff->path, rows, row->row[mt_diff_named_by(row)]);
}

const struct mt_core_frame *MT_CORE_EXPORT(mt_core_diffs_frame)(struct mt_core_diff *diff,
                                                                uint32_t i) {
    return mt_core_path_at(&diff->path, diff->path_profile, i);
}
