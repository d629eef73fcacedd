/* SPDX-License-Identifier: MIT */
/*
 * What `memtrack top` knows, without a terminal: the followed ledger as rows with rates and
 * changes, and the last minutes of its totals. Reading, naming and grouping are steps of bounded
 * cost that the caller takes when it has time for them; whatever was not named or grouped yet is
 * shown as such and never lost from the sums.
 */
#ifndef MT_CLI_TOP_MODEL_H
#define MT_CLI_TOP_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "ledger/ledger.h"
#include "profile/ledger/follow.h"
#include "top/column.h"
#include "top/order.h"
#include "view/rows/rows.h"
#include "view/symbols/symbols.h"
#include "watch/axis.h"

struct mt_top_options {
    enum mt_group_by by;
    enum mt_top_column sort;
    struct mt_wrapper_options wrappers;
    struct mt_filter filter; /* patterns are the caller's and must outlive the model */
    struct mt_symbols_options symbols;
    uint64_t window_ns; /* over which rates are taken */
};

struct mt_top_model; /* opaque */

/* Makes a model of the ledger, which is the model's from now on, also when this fails. Nothing has
 * been read yet. Returns 0 or -MEMTRACK_E…. */
int mt_top_model_new(struct mt_ledger *ledger, const struct mt_top_options *options,
                     struct mt_top_model **out, struct mt_error *error);
/* Makes one of a profile that was written, which is the model's in the same way: its picture stays as
 * it is. */
int mt_top_model_new_written(struct mt_profile *profile, const struct mt_top_options *options,
                             struct mt_top_model **out, struct mt_error *error);
/* Makes one of a tree of processes, to which at least one is added before it is read. */
int mt_top_model_new_tree(const struct mt_top_options *options, struct mt_top_model **out,
                          struct mt_error *error);
void mt_top_model_free(struct mt_top_model *model); /* NULL is fine */

struct mt_top_source; /* opaque: a ledger that is followed (top/source.h) */

/* Adds the ledger of a process: it is the model's from now on, also when this fails. The main one
 * says what program and which ledger this is. *out is the model's. Returns 0 or -MEMTRACK_E…. */
int mt_top_model_add(struct mt_top_model *model, struct mt_ledger *ledger, bool is_main,
                     struct mt_top_source **out, struct mt_error *error);
/* Its process has ended while others go on: it is read for the last time, nothing of it is live any
 * more, and what it has allocated stays in the totals. Returns how many bytes were live at its end.
 * The source is not the caller's to name any more. */
int64_t mt_top_model_leave(struct mt_top_model *model, struct mt_top_source *source);

/*
 * Reads totals, and records for about budget_ns of processor time (0: all of them). now_ns is
 * CLOCK_MONOTONIC, rising; rss_bytes is 0 when it is not known. Rates are taken anew when window_ns
 * have passed. The first complete pass sets the mark. Returns 0, or -MEMTRACK_E… when the ledger
 * cannot be read any more; what is shown stays.
 */
int mt_top_model_read(struct mt_top_model *model, uint64_t now_ns, uint64_t rss_bytes,
                      uint64_t budget_ns, struct mt_error *error);

/* Names new addresses, for about budget_ns of processor time (0: all of them). Returns true while
 * some are left; *status is 0 or -MEMTRACK_ENOMEM. */
bool mt_top_model_name(struct mt_top_model *model, uint64_t budget_ns, int *status);
/* Tells how many addresses have been looked up, and how many there are. */
void mt_top_model_named(struct mt_top_model *model, size_t *n_named, size_t *n);

/* The first tells whether anything has changed since the last grouping that needs another one. The
 * second groups again: it returns 0, or -MEMTRACK_E… and the old rows stay. */
bool mt_top_model_is_stale(const struct mt_top_model *model);
int mt_top_model_group(struct mt_top_model *model, struct mt_error *error);

/* Adds up the lines from the present values, and puts the first n_sorted of them (0: all) in
 * order. */
void mt_top_model_sum(struct mt_top_model *model, size_t n_sorted);

/* These take effect with the next group or sum. */
void mt_top_model_mark(struct mt_top_model *model, uint64_t now_ns);
void mt_top_model_set_by(struct mt_top_model *model, enum mt_group_by by);
void mt_top_model_set_sort(struct mt_top_model *model, enum mt_top_column sort);
void mt_top_model_set_filter(struct mt_top_model *model, const struct mt_filter *filter);
/* Shows the call paths of the row that has this sample; UINT32_MAX: all rows again. */
void mt_top_model_open(struct mt_top_model *model, uint32_t sample);

/* ---- what there is to show; valid until the next call above ---------------------------------- */

const struct mt_top_options *mt_top_model_options(const struct mt_top_model *model);
enum mt_group_by mt_top_model_by(const struct mt_top_model *model); /* stack when a row is open */
bool mt_top_model_is_open(const struct mt_top_model *model);
const struct mt_rows *
mt_top_model_rows(const struct mt_top_model *model); /* NULL before the first group */
/* Returns the row that is open, NULL if it is gone; *rows are the rows that it is one of, which are
 * shown when none is open. */
const struct mt_row *mt_top_model_opened(const struct mt_top_model *model,
                                         const struct mt_rows **rows);
size_t mt_top_model_count(const struct mt_top_model *model);
const struct mt_top_line *mt_top_model_line(const struct mt_top_model *model, size_t i);
/* Return the sums of everything, of what the filter lets through (or of the open row), and of what
 * no row has yet. */
const struct mt_top_line *mt_top_model_all(const struct mt_top_model *model);
const struct mt_top_line *mt_top_model_passed(const struct mt_top_model *model);
const struct mt_top_line *mt_top_model_pending(const struct mt_top_model *model);
/* Returns the sum of processes that ended so long ago that no line has them any more; all has it. */
const struct mt_top_line *mt_top_model_earlier(const struct mt_top_model *model);
/* Returns the number of the line that has the sample, SIZE_MAX: none has it. */
size_t mt_top_model_find(const struct mt_top_model *model, uint32_t sample);

struct mt_ledger *
mt_top_model_ledger(struct mt_top_model *model); /* NULL: of one that was written */
struct mt_profile *mt_top_model_profile(struct mt_top_model *model);
const struct mt_ledger_totals *mt_top_model_totals(const struct mt_top_model *model);
uint64_t mt_top_model_marked_ns(const struct mt_top_model *model); /* 0: not yet */
bool mt_top_model_has_rates(const struct mt_top_model *model);
uint64_t
mt_top_model_window_ns(const struct mt_top_model *model); /* how long the rates were taken over */

/* Returns the ticks; their times are since the start of the recording. */
const struct mt_axis *mt_top_model_axis(const struct mt_top_model *model);
uint64_t mt_top_model_time_ns(const struct mt_top_model *model, uint64_t now_ns); /* on that axis */

#endif
