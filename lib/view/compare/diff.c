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

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/saturate.h"
#include "view/compare/diff-local.h"
#include "view/margin.h"

/* ---- what a row says ------------------------------------------------------------------------- */

static void subtract(struct mt_diff_row *row) {
    for (size_t v = 0; v < MT_N_VALUES; v++)
        row->diff[v] = mt_saturate_difference(row->value[MT_NEW][v], row->value[MT_OLD][v]);
}

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
    subtract(row);
    row->state = !old || (!has_old && has_new)   ? MT_DIFF_NEW
                 : !new || (!has_new && has_old) ? MT_DIFF_VANISHED
                                                 : MT_DIFF_BOTH;
    enum mt_side side = mt_diff_named_by(row);
    uint32_t entry = row->row[side]->entry;
    row->is_rebuilt = entry != MT_NO_ENTRY && mt_match_is_rebuilt(&diff->match, side, entry);
    char was[32];
    row->has_moved = *mt_diff_was(diff, row, was) != '\0';
}

const char *mt_diff_was(const struct mt_diff *diff, const struct mt_diff_row *row,
                        char buffer[32]) {
    struct mt_row_frame old, new;
    *buffer = '\0';
    if (diff->rows[MT_OLD]->options.by != MT_BY_LINE || !row->row[MT_OLD] || !row->row[MT_NEW] ||
        !mt_rows_frame(diff->rows[MT_OLD], row->row[MT_OLD], &old) ||
        !mt_rows_frame(diff->rows[MT_NEW], row->row[MT_NEW], &new))
        return buffer;
    if (old.file && old.line) {
        if (old.line != new.line)
            snprintf(buffer, 32, ":%" PRId64, old.line);
    } else if (old.function_offset != UINT64_MAX && old.function_offset != new.function_offset) {
        snprintf(buffer, 32, "+0x%" PRIx64, old.function_offset);
    }
    return buffer;
}

enum mt_side mt_diff_named_by(const struct mt_diff_row *row) {
    return row->row[MT_NEW] ? MT_NEW : MT_OLD;
}

enum mt_value mt_diff_companion(enum mt_value value) {
    static const enum mt_value companions[MT_N_VALUES] = {
        [MT_VALUE_TOTAL_BLOCKS] = MT_VALUE_TOTAL_BYTES,
        [MT_VALUE_TOTAL_BYTES] = MT_VALUE_TOTAL_BLOCKS,
        [MT_VALUE_LIVE_BLOCKS] = MT_VALUE_LIVE_BYTES,
        [MT_VALUE_LIVE_BYTES] = MT_VALUE_LIVE_BLOCKS,
        [MT_VALUE_PEAK_BLOCKS] = MT_VALUE_PEAK_BYTES,
        [MT_VALUE_PEAK_BYTES] = MT_VALUE_PEAK_BLOCKS,
        [MT_VALUE_TEMPORARY_BLOCKS] = MT_VALUE_TOTAL_BYTES,
        [MT_VALUE_MAX_BYTES] = MT_VALUE_TOTAL_BLOCKS,
        [MT_VALUE_WASTE_BYTES] = MT_VALUE_LIVE_BLOCKS,
    };
    return companions[value];
}

/* ---- building -------------------------------------------------------------------------------- */

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
    view.n_named = 1; /* the rows of the difference are put in order, not these */
    for (enum mt_side side = MT_OLD; side < MT_N_SIDES; side++) {
        view.at = options->at[side];
        int status = mt_rows_build(profiles[side], &view, &diff->rows[side], error);
        if (status < 0)
            return name_side(side, view.at.kind == MT_AT_END, status, error);
    }
    return 0;
}

static void choose_sort(struct mt_diff *diff, const struct mt_diff_options *options) {
    static const enum mt_value choices[] = {MT_VALUE_LIVE_BYTES,   MT_VALUE_TOTAL_BYTES,
                                            MT_VALUE_PEAK_BYTES,   MT_VALUE_LIVE_BLOCKS,
                                            MT_VALUE_TOTAL_BLOCKS, MT_VALUE_PEAK_BLOCKS};
    diff->sort = options->sort_given ? options->view.sort : MT_VALUE_LIVE_BYTES;
    if (options->sort_given)
        return;
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
    subtract(sum);
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

void mt_diff_free(struct mt_diff *diff) {
    if (!diff)
        return;
    mt_match_free(&diff->match);
    mt_rows_free(diff->rows[MT_OLD]);
    mt_rows_free(diff->rows[MT_NEW]);
    free(diff->items);
    free(diff);
}

/* ---- reading --------------------------------------------------------------------------------- */

size_t mt_diff_count(const struct mt_diff *diff) {
    return diff->n;
}

const struct mt_diff_row *mt_diff_at(const struct mt_diff *diff, size_t i) {
    return &diff->items[i];
}

const struct mt_diff_row *mt_diff_passed(const struct mt_diff *diff) {
    return &diff->passed;
}

const struct mt_diff_row *mt_diff_all(const struct mt_diff *diff) {
    return &diff->all;
}

void mt_diff_sum_from(const struct mt_diff *diff, size_t i, struct mt_diff_row *sum) {
    *sum = (struct mt_diff_row){0};
    for (; i < diff->n; i++) {
        mt_diff_add_variance(sum->variance, diff->items[i].variance);
        for (enum mt_side side = MT_OLD; side < MT_N_SIDES; side++)
            mt_diff_add_value(sum->value[side], diff->items[i].value[side]);
    }
    subtract(sum);
}

int64_t mt_diff_margin(const struct mt_diff_row *row, enum mt_value value) {
    double sum = (double)row->value[MT_OLD][value] + (double)row->value[MT_NEW][value];
    return row->variance[value] > 0 ? mt_margin_of(sum, row->variance[value]) : 0;
}

const struct mt_rows *mt_diff_rows(const struct mt_diff *diff, enum mt_side side) {
    return diff->rows[side];
}

enum mt_group_by mt_diff_by(const struct mt_diff *diff) {
    return diff->rows[MT_NEW]->options.by;
}

enum mt_value mt_diff_sort(const struct mt_diff *diff) {
    return diff->sort;
}

/* Of a past moment, only what was live then is known; the other columns are those of the whole
 * recording. */
bool mt_diff_side_has(const struct mt_diff *diff, enum mt_side side, enum mt_value value) {
    const struct mt_rows *rows = diff->rows[side];
    bool is_live = value == MT_VALUE_LIVE_BYTES || value == MT_VALUE_LIVE_BLOCKS;
    return mt_rows_has(rows, value) && (rows->options.at.kind != MT_AT_TIME || is_live);
}

bool mt_diff_has(const struct mt_diff *diff, enum mt_value value) {
    return mt_diff_side_has(diff, MT_OLD, value) && mt_diff_side_has(diff, MT_NEW, value);
}

bool mt_diff_is_sampled(const struct mt_diff *diff) {
    return diff->rows[MT_OLD]->profile->info.sample_bytes ||
           diff->rows[MT_NEW]->profile->info.sample_bytes;
}

bool mt_diff_is_filtered(const struct mt_diff *diff) {
    return diff->rows[MT_NEW]->is_filtered;
}

bool mt_diff_is_cumulative(const struct mt_diff *diff) {
    return diff->rows[MT_NEW]->options.cumulative;
}

char *mt_diff_key(const struct mt_diff *diff, const struct mt_diff_row *row) {
    enum mt_side side = mt_diff_named_by(row);
    return mt_rows_key(diff->rows[side], row->row[side]);
}

char *mt_diff_old_key(const struct mt_diff *diff, const struct mt_diff_row *row, bool *failed) {
    char *key = row->row[MT_OLD] ? mt_rows_key(diff->rows[MT_OLD], row->row[MT_OLD]) : NULL;
    *failed = row->row[MT_OLD] && !key;
    return key;
}

const char *mt_diff_note(const struct mt_diff *diff, size_t i) {
    return i < diff->match.n_notes ? diff->match.notes[i] : NULL;
}

const char *mt_diff_state_name(enum mt_diff_state state) {
    static const char *const names[] = {"both", "new", "vanished"};
    return names[state];
}
