/* SPDX-License-Identifier: MIT */
/* The program's own figures on a terminal: its caches and its counters. */
#ifndef MT_CLI_TEXT_FIGURES_TABLE_H
#define MT_CLI_TEXT_FIGURES_TABLE_H

#include "text/scopes_table.h"

/* Prints a table of each, when there are any: at most options->n rows. */
void mt_figures_table_print(const struct mt_terminal *terminal, const struct mt_scopes_rows *rows,
                            const struct mt_scopes_table_options *options);

#endif
