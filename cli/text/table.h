/* SPDX-License-Identifier: MIT */
/* Rows as a table that fits the terminal. */
#ifndef MT_CLI_TEXT_TABLE_H
#define MT_CLI_TEXT_TABLE_H

#include "text/table_notes.h"
#include "text/terminal.h"
#include "view/rows/rows.h"

struct mt_table_options {
    size_t n;                     /* rows shown, 0: all */
    bool exact_bytes;             /* bytes instead of KiB, MiB */
    bool full;                    /* names, paths and stacks are not shortened */
    bool full_stacks;             /* call paths have all their frames */
    bool verbose;                 /* the head above it (diff_table.h) has everything */
    bool is_brief;                /* no sums: for the end of a run */
    struct mt_table_notes *notes; /* printed above the rows, and then empty; NULL: there are none */
    size_t n_columns;             /* at most so many columns beside the sort column; 0: what fits */
};

void mt_table_print(const struct mt_terminal *terminal, const struct mt_rows *rows,
                    const struct mt_table_options *options);

#endif
