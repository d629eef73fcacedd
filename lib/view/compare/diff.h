/* SPDX-License-Identifier: MIT */
/*
 * What changed between two profiles: both are grouped in the same way (rows/rows.h), groups that
 * mean the same are put beside each other, and what only one side has stands alone.
 *
 *   old ──rows──┐
 *               ├──match.h: names, paths, moved lines──► pairs ──sort──► table, JSON, CSV
 *   new ──rows──┘
 *
 * Each row of either side is in exactly one row of the difference: without --cumulative every
 * column of differences sums to the difference of the sums. Pure functions; both profiles must be
 * symbolized and outlive the difference.
 */
#ifndef MT_VIEW_COMPARE_DIFF_H
#define MT_VIEW_COMPARE_DIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "profile/profile.h"
#include "view/at.h"
#include "view/compare/side.h"
#include "view/rows/rows.h"

struct mt_diff_options {
    struct mt_view_options
        view; /* of both sides; .at is not used; .n_named: rows of the difference */
    struct mt_at at[MT_N_SIDES];
    bool sort_given; /* else view.sort is chosen: live, peak or total bytes, the first that is not
                        the same on both sides; or the first column that both have */
    bool keep_live;  /* among them it is live bytes, also where these are the same: for a limit */
};

enum mt_diff_state {
    MT_DIFF_BOTH,
    MT_DIFF_NEW,      /* the old side had nothing here in any column that is compared */
    MT_DIFF_VANISHED, /* the new side has nothing here */
};

struct mt_diff_row {
    const struct mt_row
        *row[MT_N_SIDES]; /* of that side's rows, the largest of several; NULL: it has none */
    int64_t value[MT_N_SIDES][MT_N_VALUES];
    int64_t diff[MT_N_VALUES];    /* new - old, saturated */
    double variance[MT_N_VALUES]; /* of the difference, where a side is sampled */
    enum mt_diff_state state;
    bool has_moved; /* by line: the same statement stands on another line of its file (or at another
                       offset) */
    bool is_rebuilt; /* its module is another build on the other side: sources at hand may not be
                        the old ones */
};

struct mt_diff; /* private */

/* Returns 0, or -MEMTRACK_ENOMEM, -MEMTRACK_EUSAGE, -MEMTRACK_EFORMAT as mt_rows_build does. The
 * message names the side that is to blame. */
int mt_diff_build(const struct mt_profile *const profiles[MT_N_SIDES],
                  const struct mt_diff_options *options, struct mt_diff **out,
                  struct mt_error *error);
void mt_diff_free(struct mt_diff *diff); /* NULL is fine */

/*
 * Rows have the order of tracemalloc's compare_to for the chosen column: largest absolute
 * difference first, then the larger new value, then the larger absolute difference and value of its
 * companion (blocks for bytes, bytes for blocks), then by name.
 */
size_t mt_diff_count(const struct mt_diff *diff);
const struct mt_diff_row *mt_diff_at(const struct mt_diff *diff, size_t i);
/* Sums are as in rows/rows.h: of the samples that passed the filter, and of all. row[] is NULL. */
const struct mt_diff_row *mt_diff_passed(const struct mt_diff *diff);
const struct mt_diff_row *mt_diff_all(const struct mt_diff *diff);
/* Returns the sum of the rows from the i-th on. */
void mt_diff_sum_from(const struct mt_diff *diff, size_t i, struct mt_diff_row *sum);

/* Returns how far the difference may be from the true one (95 %), when a side is sampled; 0 when
 * it is exact. */
int64_t mt_diff_margin(const struct mt_diff_row *row, enum mt_value value);

const struct mt_rows *mt_diff_rows(const struct mt_diff *diff, enum mt_side side);
enum mt_group_by mt_diff_by(const struct mt_diff *diff);
enum mt_value mt_diff_sort(const struct mt_diff *diff);
/* Returns whether the column was recorded on that side, or on both, for the moments that are
 * compared. */
bool mt_diff_side_has(const struct mt_diff *diff, enum mt_side side, enum mt_value value);
bool mt_diff_has(const struct mt_diff *diff, enum mt_value value);
bool mt_diff_is_sampled(const struct mt_diff *diff); /* a side is: differences are estimates */
bool mt_diff_is_filtered(const struct mt_diff *diff);
bool mt_diff_is_cumulative(const struct mt_diff *diff);

/* Returns the side that a row is called after: the new one if it has the group. */
enum mt_side mt_diff_named_by(const struct mt_diff_row *row);
/* These return mt_rows_key of that side, and of the old one (NULL with *failed false when the
 * row has none). malloc'ed. */
char *mt_diff_key(const struct mt_diff *diff, const struct mt_diff_row *row);
char *mt_diff_old_key(const struct mt_diff *diff, const struct mt_diff_row *row, bool *failed);
/* Writes where a row that has moved was, ":114" or "+0x1c". Returns buffer, "" when the row has
 * not moved. */
const char *mt_diff_was(const struct mt_diff *diff, const struct mt_diff_row *row, char buffer[32]);

/* Returns the modules that are other builds, as whole sentences of what that means here; NULL
 * past the end. */
const char *mt_diff_note(const struct mt_diff *diff, size_t i);

/* Stores in the profiles that were compared what their lines say, as numbers, so that lines are
 * paired in the same way where the sources are not (profile/line_texts.h). Returns 0 or
 * -MEMTRACK_ENOMEM. */
int mt_diff_store_texts(const struct mt_diff *diff, struct mt_profile *const profiles[MT_N_SIDES]);
/* Returns whether lines were paired without the text that each side's sources would have. */
bool mt_diff_lacks_texts(const struct mt_diff *diff);

/* Returns the block column that belongs to a column of bytes, and the other way round. */
enum mt_value mt_diff_companion(enum mt_value value);
const char *mt_diff_state_name(enum mt_diff_state state); /* "both", "new", "vanished" */

#endif
