/* SPDX-License-Identifier: MIT */
/*
 * Both profiles are grouped by rows/build.c, their rows are paired (diff_pair.c), described and put
 * in order (diff_order.c).
 *
 * What two recordings of one process have not in common by name is not compared: merging the
 * profiles first and grouping the union was rejected, because filters and wrappers must see each
 * side's own names.
 */
#include "view/compare/diff.h"

#include <stdlib.h>
#include <string.h>

#include "base/saturate.h"
#include "view/compare/diff-local.h"
#include "view/rows/infer.h"
#include "view/rows/patterns.h"

static bool has_anything(const struct mt_diff *diff, const struct mt_diff_row *row,
                         enum mt_side side) {
    for (enum mt_value v = 0; v < MT_N_VALUES; v++)
        if (mt_diff_has(diff, v) && row->value[side][v] != 0)
            return true;
    return false;
}

static void describe(const struct mt_diff *diff, struct mt_diff_row *row) {
    const struct mt_row *old = row->row[MT_OLD], *new = row->row[MT_NEW];
    bool has_old = has_anything(diff, row, MT_OLD), has_new = has_anything(diff, row, MT_NEW);
    mt_diff_subtract(row);
    row->state = !old || (!has_old && has_new)   ? MT_DIFF_NEW
                 : !new || (!has_new && has_old) ? MT_DIFF_VANISHED
                                                 : MT_DIFF_BOTH;
    enum mt_side side = mt_diff_named_by(row);
    uint32_t entry = row->row[side]->entry;
    row->is_rebuilt = entry != MT_NO_ENTRY && mt_match_is_rebuilt(&diff->match, side, entry);
    char was[32];
    row->has_moved = *mt_diff_was(diff, row, was) != '\0';
}

static int out_of_memory(struct mt_error *error) {
    return mt_error_set(error, MEMTRACK_ENOMEM,
                        "Close other programs, or narrow the comparison with --include.",
                        "out of memory while comparing the profiles");
}

/* When one side cannot show a moment, or is damaged, the message has to say which side. */
static int name_side(enum mt_side side, bool at_end, int status, struct mt_error *error) {
    if (!error || (status != -MEMTRACK_EFORMAT && (status != -MEMTRACK_EUSAGE || at_end)))
        return status;
    struct mt_error plain = *error;
    return mt_error_set(error, -status, plain.hint, "the %s side: %s",
                        side == MT_OLD ? "old" : "new", plain.message);
}

static int build_rows(struct mt_diff *diff, const struct mt_profile *const profiles[MT_N_SIDES],
                      const struct mt_diff_options *options, struct mt_error *error) {
    struct mt_view_options view = options->view;
    struct mt_patterns patterns;
    view.n_named = 1; /* the rows of the difference are put in order, not these */
    struct mt_wrapper_name *inferred = NULL;
    int status = mt_patterns_join(&patterns, &options->view.wrappers, profiles, MT_N_SIDES);
    view.wrappers = patterns.options;
    if (status == 0 && !view.frames) /* else both are moments of one profile */
        status = mt_infer_join(&view.wrappers, profiles, MT_N_SIDES, &inferred);
    if (status < 0) {
        mt_patterns_free(&patterns);
        return out_of_memory(error);
    }
    for (enum mt_side side = MT_OLD; side < MT_N_SIDES && status == 0; side++) {
        view.at = options->at[side];
        status = mt_rows_build(profiles[side], &view, &diff->rows[side], error);
        if (status < 0)
            status = name_side(side, view.at.kind == MT_AT_END, status, error);
    }
    free(inferred);
    mt_patterns_free(&patterns);
    return status;
}

/* Whether the sides as wholes, whatever is filtered, differ in a column or its companion. */
static bool differs(const struct mt_diff *diff, enum mt_value value) {
    const int64_t *old = mt_rows_all(diff->rows[MT_OLD])->value;
    const int64_t *new = mt_rows_all(diff->rows[MT_NEW])->value;
    enum mt_value other = mt_diff_companion(value);
    return mt_diff_has(diff, value) && (old[value] != new[value] || old[other] != new[other]);
}

/* Two runs that freed all they had say nothing by what is live: the question is then about the
 * peak. It is decided by the sums, which no grouping changes. */
static enum mt_value first_that_differs(const struct mt_diff *diff) {
    static const enum mt_value choices[] = {MT_VALUE_LIVE_BYTES, MT_VALUE_PEAK_BYTES,
                                            MT_VALUE_TOTAL_BYTES};
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++)
        if (differs(diff, choices[i]))
            return choices[i];
    return MT_VALUE_LIVE_BYTES;
}

static void choose_sort(struct mt_diff *diff, const struct mt_diff_options *options) {
    static const enum mt_value choices[] = {MT_VALUE_LIVE_BYTES,   MT_VALUE_TOTAL_BYTES,
                                            MT_VALUE_PEAK_BYTES,   MT_VALUE_LIVE_BLOCKS,
                                            MT_VALUE_TOTAL_BLOCKS, MT_VALUE_PEAK_BLOCKS};
    diff->sort = options->sort_given ? options->view.sort : MT_VALUE_LIVE_BYTES;
    if (options->sort_given)
        return;
    if (mt_diff_has(diff, diff->sort) && !options->keep_live)
        diff->sort = first_that_differs(diff);
    for (size_t i = 0; i < sizeof choices / sizeof *choices && !mt_diff_has(diff, diff->sort); i++)
        if (mt_diff_has(diff, choices[i]))
            diff->sort = choices[i];
}

static void sum_up(const struct mt_diff *diff, struct mt_diff_row *sum, bool is_passed) {
    for (enum mt_side side = MT_OLD; side < MT_N_SIDES; side++) {
        const struct mt_row *row =
            is_passed ? mt_rows_passed(diff->rows[side]) : mt_rows_all(diff->rows[side]);
        memcpy(sum->value[side], row->value, sizeof sum->value[side]);
        if (row->variance)
            mt_diff_add_variance(sum->variance, row->variance);
    }
    mt_diff_subtract(sum);
}

int mt_diff_build(const struct mt_profile *const profiles[MT_N_SIDES],
                  const struct mt_diff_options *options, struct mt_diff **out,
                  struct mt_error *error) {
    *out = NULL;
    struct mt_diff *diff = calloc(1, sizeof *diff);
    if (!diff)
        return out_of_memory(error);
    diff->n_named = options->view.n_named;
    int status = build_rows(diff, profiles, options, error);
    if (status == 0) {
        choose_sort(diff, options);
        if (mt_diff_pair(diff) < 0)
            status = out_of_memory(error);
    }
    if (status < 0) {
        mt_diff_free(diff);
        return status;
    }
    for (size_t i = 0; i < diff->n; i++)
        describe(diff, &diff->items[i]);
    mt_diff_order(diff);
    sum_up(diff, &diff->passed, true);
    sum_up(diff, &diff->all, false);
    *out = diff;
    return 0;
}
