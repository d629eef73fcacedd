/* SPDX-License-Identifier: MIT */
/* A difference as text: what the sides are, totals, then rows that fit the terminal. */
#ifndef MT_CLI_TEXT_DIFF_TABLE_H
#define MT_CLI_TEXT_DIFF_TABLE_H

#include "text/table.h"
#include "view/compare/diff.h"

/* Prints the difference. names is what the sides are called; options->n_columns is not used. */
void mt_diff_table_print(const struct mt_terminal *terminal, const struct mt_diff *diff,
                         const char *const names[MT_N_SIDES],
                         const struct mt_table_options *options);

#endif
