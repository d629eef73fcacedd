/* SPDX-License-Identifier: MIT */
/*
 * The rows by line of a profile as the source files that they lie in: which files, which of their
 * lines have figures, and which are shown. The text of the sources is not looked at here.
 *
 *   rows by line ──► files, the one that holds most first ──► lines of each, in their order
 *
 * The lines and what is elsewhere add up to what passed the filter, in every column; not so with
 * cumulative options, where a line has what it and the functions that it called have allocated.
 */
#ifndef MT_VIEW_ANNOTATE_H
#define MT_VIEW_ANNOTATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "view/rows/rows.h"

struct mt_annotate_request {
    /* SOURCE is a file's name, or an end of its path that begins behind a slash, in which shell
     * wildcards may stand for many files; SOURCE:FUNCTION the lines of a function in it,
     * SOURCE:LINE those around a line. NULL: all files. */
    const char *source;
    size_t n; /* so many lines are shown, those with most of the column sorted by; 0: all */
    /* Of these only such that hold at least this share of the whole (0.01 is 1%), but for the first
     * three. */
    double min_share;
};

struct mt_annotate_line {
    int64_t line, function_line; /* where its function begins; 0: not known */
    const struct mt_row *row;
    size_t first_scope, n_scopes; /* into those of the whole */
    bool is_shown;
};

struct mt_annotate_range {
    int64_t from, to;
};

struct mt_annotate_file {
    mt_string file, module; /* module: of the line that holds most */
    struct mt_row sum;      /* of what is listed of the file; when cumulative, of the whole file */
    double variance[MT_N_VALUES];
    size_t first_line, n_lines, n_shown; /* lines: into those of the whole */
    size_t first_range, n_ranges;        /* asked for; none: the whole file */
};

struct mt_annotate {
    struct mt_rows *rows; /* by line; its own */
    struct mt_annotate_file *files;
    size_t n_files;
    struct mt_annotate_line *lines;
    size_t n_lines;
    struct mt_annotate_range *ranges; /* in order, apart from each other */
    size_t n_ranges;
    mt_string *scopes; /* innermost ones in which a line allocated, those with most first; none when
                          cumulative */
    size_t n_scopes;
    char *function;          /* asked for; NULL: none */
    int64_t line;            /* asked for; 0: none */
    struct mt_row elsewhere; /* what passed the filter and is in none of the lines */
    double elsewhere_variance[MT_N_VALUES];
    size_t n_elsewhere;    /* rows of it */
    size_t n_without_line; /* rows of these that have no line in a source file */
};

/* Finds them; by of the options does not matter. The profile must outlive the result. Returns 0,
 * -MEMTRACK_ENOMEM, -MEMTRACK_EUSAGE (no such source or function, where the hint names some that
 * there are; or several sources that are called so, which the message names), and what
 * mt_rows_build returns. */
int mt_annotate_build(const struct mt_profile *profile, const struct mt_view_options *options,
                      const struct mt_annotate_request *request, struct mt_annotate *out,
                      struct mt_error *error);
void mt_annotate_free(struct mt_annotate *annotate);

/* Sums what passed the filter and is in no line that is shown, for which variance has room. is_seen
 * tells of each line whether it is, among those around others as well; NULL: by is_shown. Returns
 * how many rows it is. Not of cumulative options, where a sum would say nothing. */
size_t mt_annotate_rest(const struct mt_annotate *annotate, const bool *is_seen,
                        struct mt_row *rest, double variance[MT_N_VALUES]);

/* What is printed of a file, from the first line to the last, in one piece. */
struct mt_annotate_region {
    int64_t from, to;
    size_t first, n; /* lines with figures in it: into those of the whole */
};

/* Finds the regions: shown lines with so many others around them, or the ranges that were asked
 * for. n_text: how many lines the file has, which no region goes beyond but for a line with figures
 * in it; 0: it is not there, and no lines around are wanted. Returns 0 or -MEMTRACK_ENOMEM; *out is
 * the caller's to free. */
int mt_annotate_regions(const struct mt_annotate *annotate, const struct mt_annotate_file *file,
                        int64_t n_text, int64_t around, struct mt_annotate_region **out, size_t *n);

#endif
