/* SPDX-License-Identifier: MIT */
/* What a difference says of its rows and of itself: see diff.h. diff_build.c makes it. */
#include "view/compare/diff.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/saturate.h"
#include "view/compare/diff-local.h"
#include "view/margin.h"

/* ---- what a row says ------------------------------------------------------------------------- */

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
    mt_diff_subtract(sum);
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

int mt_diff_store_texts(const struct mt_diff *diff, struct mt_profile *const profiles[MT_N_SIDES]) {
    return mt_match_texts_store(&diff->match.texts, profiles);
}

bool mt_diff_lacks_texts(const struct mt_diff *diff) {
    return mt_match_texts_are_lacking(&diff->match.texts);
}

const char *mt_diff_state_name(enum mt_diff_state state) {
    static const char *const names[] = {"both", "new", "vanished"};
    return names[state];
}
