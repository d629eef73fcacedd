/* SPDX-License-Identifier: MIT */
/* Scopes on a terminal. */
#ifndef MT_CLI_TEXT_SCOPES_TABLE_H
#define MT_CLI_TEXT_SCOPES_TABLE_H

#include "text/terminal.h"
#include "view/scopes/rows.h"

struct mt_scopes_table_options {
    size_t n; /* rows, 0: all */
    bool exact_bytes;
    bool full;    /* names are not shortened */
    bool verbose; /* all that is known of the process */
};

/* Prints the program, how many scopes there were, and what of them is missing. */
void mt_scopes_table_print_head(const struct mt_terminal *terminal,
                                const struct mt_scopes_rows *rows,
                                const struct mt_scopes_table_options *options);
void mt_scopes_table_print_rows(const struct mt_terminal *terminal,
                                const struct mt_scopes_rows *rows,
                                const struct mt_scopes_table_options *options);

#endif
