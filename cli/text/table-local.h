/* SPDX-License-Identifier: MIT */
/* What table.c, diff_table.c (numbers) and table_label.c (names) share. */
#ifndef MT_CLI_TEXT_TABLE_LOCAL_H
#define MT_CLI_TEXT_TABLE_LOCAL_H

#include "text/label.h"
#include "text/table.h"
#include "view/source.h"

enum { PERCENT_WIDTH = 6 };

struct column {
    enum mt_value value;
    size_t width;
};

struct table_stack { /* the call path that was printed last */
    const struct mt_rows *rows;
    struct mt_row_frame *frames;
    size_t n;
};

struct table {
    const struct mt_terminal *terminal;
    const struct mt_rows *rows;
    const struct mt_table_options *options;
    size_t n_shown;
    const struct mt_row *sums; /* of rows, which are printed too; for their widths */
    size_t n_sums;
    struct mt_row more, filtered_out;
    double more_variance[MT_N_VALUES], filtered_out_variance[MT_N_VALUES];
    struct column columns[MT_N_VALUES]; /* the first is the one sorted by */
    size_t n_columns;
    size_t percent_width, bar_width, name_column, name_width;
    bool has_no_bar, has_no_sources;
    bool has_heat;            /* shares are the warmer in colour the larger they are */
    int64_t bar_whole;        /* what a whole bar stands for; 0: the largest row */
    size_t name_least;        /* columns that a name has to have beside others; 0: the usual */
    const char *name_heading; /* NULL: by the grouping */
    struct mt_labels labels;
    char folder[4096]; /* the current directory */
    struct mt_source *source;
    struct table_stack *above; /* the same for all sides of a table */
    size_t *n_newer;           /* lines shown from files that are younger than the program */
    const char *was; /* where the line at hand was before: ":114"; NULL or "": it has not moved, as
                        far as is known */
};

/* Counts what a table that has terminal, rows and options shows, and prepares its names. */
void mt_table_prepare(struct table *table);
/* Prints why there are no rows. Returns false when there are some. */
bool mt_table_put_nothing(const struct table *table);
/* Chooses columns and widths. */
void mt_table_lay_out(struct table *table);
void mt_table_put_heading(const struct table *table);
/* Prints everything that is to the left of the name. */
void mt_table_put_numbers(const struct table *table, const struct mt_row *row, bool is_sum);

/* Returns the colour that says how large the row's share is, or cold for a small one. */
enum mt_terminal_style mt_table_heat(const struct table *table, const struct mt_row *row,
                                     enum mt_terminal_style cold);

/* Finds what the sources of the rows have in common, and prints the notes above the rows. */
void mt_table_label_put_notes(struct table *table);
/* Prepares a table that has terminal, rows and options: after that its names can be put. */
void mt_table_label_init(struct table *table);
void mt_table_label_free(struct table *table);

/* Begins a line below a name. */
void mt_table_label_next_line(const struct table *table, size_t indent);
/* Prints a place, followed by was, and its function beside it or below. */
void mt_table_label_put_place(const struct table *table, const struct mt_row_frame *frame,
                              const char *was, size_t indent);

/* Prints a row's call path. */
void mt_table_stack_put(const struct table *table, const struct mt_row *row);
void mt_table_stack_free(struct table_stack *stack);

/* Prints the row's name and what belongs to it, to the end of the line and below. */
void mt_table_label_put(const struct table *table, const struct mt_row *row);

#endif
