/* SPDX-License-Identifier: MIT */
/*
 * A profile as a table: samples filtered, charged to a frame (wrappers.h), grouped and sorted. Pure
 * functions over a profile whose locations are symbolized; nothing here changes it, several threads
 * may view one profile at once.
 *
 *   samples ──filter──► charged frame or label ──group──► rows ──sort──► table, JSON, CSV
 *
 * Without a filter and without --cumulative every column of the rows sums to the profile's total.
 */
#ifndef MT_VIEW_ROWS_H
#define MT_VIEW_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "profile/profile.h"
#include "view/at.h"
#include "view/rows/filter.h"
#include "view/rows/group_by.h"
#include "view/rows/sort.h"
#include "view/rows/wrappers.h"

struct mt_view_options {
    enum mt_group_by by;
    enum mt_value sort;
    /* A row holds every sample that has it anywhere on its path, once, however often it recurs. */
    bool cumulative;
    struct mt_wrapper_options wrappers;
    struct mt_filter filter;
    struct mt_at at;
    /* One value per sample; only those count for which it is among_value. NULL: all count. */
    const uint32_t *among;
    uint32_t among_value;
    bool keeps_samples; /* for mt_rows_of_samples; not with cumulative */
    /* Classified before, by mt_infer_frames with the options that are in wrappers (and keep_system
     * by module); they must outlive the rows. NULL: that is done for these rows alone. */
    const struct mt_frames *frames;
    /* Among equals, names decide the order of only the first so many rows; 0: of all rows. */
    size_t n_named;
};

/* This is one group. What a grouping does not determine is that of the first sample in the
 * group. Strings are the profile's. */
struct mt_row {
    int64_t value[MT_N_VALUES];
    /* Variances of sampled figures, MT_N_VALUES of them, see margin.h; NULL: they are exact. */
    double *variance;
    uint32_t n_sites;  /* samples in the group; above 1, MT_VALUE_MAX_BYTES is an upper bound */
    uint32_t sample;   /* the first one; UINT32_MAX in a sum of rows */
    uint32_t entry;    /* of the frame that is charged, see frames.h; UINT32_MAX: none */
    uint32_t position; /* by stack: position of that frame in the sample's path */
    mt_string function, file, module;
    int64_t line;
    bool shares_name; /* by function: another row has a function of this name */
};

_Static_assert(sizeof(struct mt_row) <= 128,
               "a profile of a million call paths has a million rows");

struct mt_rows; /* private */

/* Builds the rows. Returns 0, or -MEMTRACK_ENOMEM, -MEMTRACK_EUSAGE (cumulative with a grouping
 * that has no call path; a time that the profile cannot show). The profile must outlive the
 * rows, the options need not. */
int mt_rows_build(const struct mt_profile *profile, const struct mt_view_options *options,
                  struct mt_rows **out, struct mt_error *error);
void mt_rows_free(struct mt_rows *rows); /* NULL is fine */

size_t mt_rows_count(const struct mt_rows *rows);
const struct mt_row *mt_rows_at(const struct mt_rows *rows, size_t i);
/* These return the sums of the samples that passed the filter, and of all; not those of the rows
 * when they are cumulative. */
const struct mt_row *mt_rows_passed(const struct mt_rows *rows);
const struct mt_row *mt_rows_all(const struct mt_rows *rows);
bool mt_rows_is_filtered(const struct mt_rows *rows);
/* With keeps_samples, returns for each of the *n samples that the profile had when the rows were
 * built the index of its row; UINT32_MAX: it is in none. By this the rows of a profile whose
 * values change can be added up again. */
const uint32_t *mt_rows_of_samples(const struct mt_rows *rows, size_t *n);
/* Returns the row that a sample is in, or NULL when it is in none. */
const struct mt_row *mt_rows_with_sample(const struct mt_rows *rows, uint32_t sample);
/* Sum of the rows from the i-th on. variance: room for that of sampled figures, which *sum will
 * point to. */
void mt_rows_sum_from(const struct mt_rows *rows, size_t i, struct mt_row *sum,
                      double variance[MT_N_VALUES]);
/* Returns the profile's totals; live is that of the moment shown. */
void mt_rows_totals(const struct mt_rows *rows, struct mt_totals *totals);
/* Returns the same with a sign, for one of the columns that have totals (live, peak, total). A
 * profile of another tool may be the difference of two, and then its totals are what its rows
 * add up to. */
int64_t mt_rows_total(const struct mt_rows *rows, enum mt_value value);
/* Returns whether a sample is negative in this column. Its shares are then of what all samples
 * hold without their signs. */
bool mt_rows_has_negative(const struct mt_rows *rows, enum mt_value value);
/* Returns what the shares of a column are shares of. */
int64_t mt_rows_whole(const struct mt_rows *rows, enum mt_value value);
const struct mt_view_options *
mt_rows_options(const struct mt_rows *rows); /* filter patterns excepted */
const struct mt_profile *mt_rows_profile(const struct mt_rows *rows);
/* Returns whether this column was recorded, for this moment. */
bool mt_rows_has(const struct mt_rows *rows, enum mt_value value);
/* Returns half of the interval that holds the true figure of a sampled recording with 95 %; 0
 * when it is exact. */
int64_t mt_rows_margin(const struct mt_rows *rows, const struct mt_row *row, enum mt_value value);
/* Returns whether MT_VALUE_MAX_BYTES of this row is an upper bound. */
bool mt_rows_max_is_bound(const struct mt_rows *rows, const struct mt_row *row);

/* A function whose callers are charged because it was recognised as a wrapper (infer.h). */
struct mt_rows_wrapper {
    mt_string function, file;
    int64_t value; /* of the column that rows are sorted by: what was passed on to its callers */
};
/* Writes the first max of them: those with names first, and of these the largest value. Returns how
 * many there are. */
size_t mt_rows_wrappers(const struct mt_rows *rows, struct mt_rows_wrapper *out, size_t max);

/* Returns the row's key, unique among the rows: "src/a.c:12", "parse", "64-127 B", ...
 * malloc'ed; NULL when out of memory. */
char *mt_rows_key(const struct mt_rows *rows, const struct mt_row *row);

/* ---- call paths ------------------------------------------------------------------------------ */

struct mt_row_frame {
    mt_string function, file, module;
    int64_t line;             /* 0: unknown */
    uint64_t address;         /* as in the profile */
    uint64_t module_address;  /* in the file of the module */
    uint64_t function_offset; /* from the start of the function; UINT64_MAX: unknown */
    bool is_inlined;
    bool is_exact;           /* the address is that of the instruction, not the one behind a call */
    uint8_t kind;            /* enum mt_frame_kind */
    uint32_t function_index; /* in the profile, + 1; 0: unknown */
    uint32_t id;             /* frames with equal ids are equal; ids are below mt_rows_n_frames */
};
size_t mt_rows_n_frames(const struct mt_rows *rows);

/* Writes the row's call path from the charged frame outwards, with allocator wrappers removed,
 * to out[0..max). Returns the number of frames that there are. *truncated: its outer end is
 * missing. */
size_t mt_rows_stack(const struct mt_rows *rows, const struct mt_row *row, struct mt_row_frame *out,
                     size_t max, bool *truncated);
/* Returns how many frames are missing at the outer end of the row's call path, inlined ones not
 * counted; MT_PROFILE_MISSING_ROUNDED or more: at least so many. 0: none, or not known. */
uint32_t mt_rows_missing(const struct mt_rows *rows, const struct mt_row *row);
/* Writes the names of the functions between the allocator and the frame that a sample is charged
 * to, the innermost first, to out[0..max). Returns how many there are. */
size_t mt_rows_skipped(const struct mt_rows *rows, uint32_t sample, mt_string *out, size_t max);
/* Finds the frame that the row is charged to. Returns false when it has none (another grouping,
 * an empty path). */
bool mt_rows_frame(const struct mt_rows *rows, const struct mt_row *row, struct mt_row_frame *out);
/* Of a row that is charged to a function without a name, finds the innermost frame outside of it
 * that has one, in the row's first sample. Returns false when the function has a name, or none of
 * its callers has. */
bool mt_rows_named_caller(const struct mt_rows *rows, const struct mt_row *row,
                          struct mt_row_frame *out);
/* Returns "src/a.c:12", "function+0x1f (module)", "0x1234 (module)" or "[unknown]". malloc'ed;
 * NULL when out of memory. */
char *mt_rows_key_of_frame(const struct mt_profile *profile, const struct mt_row_frame *frame);

#endif
