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

struct table {
    const struct mt_terminal *terminal;
    const struct mt_rows *rows;
    const struct mt_table_options *options;
    size_t n_shown;
    struct mt_row more, filtered_out;
    double more_variance[MT_N_VALUES], filtered_out_variance[MT_N_VALUES];
    struct column columns[MT_N_VALUES]; /* the first is the one sorted by */
    size_t n_columns;
    size_t bar_width, name_column, name_width;
    struct mt_labels labels;
    char folder[4096]; /* the current directory */
    struct mt_source *source;
    size_t *n_newer; /* lines shown from files that are younger than the program */
    const char *was; /* where the line at hand was before: ":114"; NULL or "": it has not moved, as
                        far as is known */
};

/* Prepares a table that has terminal, rows and options: after that its names can be put. */
void mt_table_label_init(struct table *table);
void mt_table_label_free(struct table *table);

/* Prints what the marks behind source lines mean, when there were some: n of them. */
void mt_table_label_put_newer(const struct mt_terminal *terminal, size_t n);

/* Prints the row's name and what belongs to it, to the end of the line and below. */
void mt_table_label_put(const struct table *table, const struct mt_row *row);

#endif
