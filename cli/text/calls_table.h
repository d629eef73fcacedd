/* SPDX-License-Identifier: MIT */
/* Who called whom, on a terminal. */
#ifndef MT_CLI_TEXT_CALLS_TABLE_H
#define MT_CLI_TEXT_CALLS_TABLE_H

#include "text/scopes_table.h"
#include "view/scopes/arcs.h"

/*
 * Prints the functions among the rows, in their order, with their callers or what they called.
 * Prints nothing when none of them is a function. Returns 0 or -MEMTRACK_ENOMEM.
 */
int mt_calls_table_print(const struct mt_terminal *terminal, const struct mt_scopes_rows *rows,
                         enum mt_scopes_arcs_side side,
                         const struct mt_scopes_table_options *options, struct mt_error *error);

#endif
