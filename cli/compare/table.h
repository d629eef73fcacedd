/* SPDX-License-Identifier: MIT */
/* What `memtrack compare` says of two commands, as text. */
#ifndef MT_CLI_COMPARE_TABLE_H
#define MT_CLI_COMPARE_TABLE_H

#include "text/terminal.h"
#include "view/compare/comparison.h"

/* Prints to standard output. commands are the two, NULL at the end of each. */
void mt_compare_table_print(char *const *const commands[2], const struct mt_comparison *comparison,
                            enum mt_terminal_color color);

#endif
