/* SPDX-License-Identifier: MIT */
/* Labelled lines (view/summary/summary.h) on a terminal. */
#ifndef MT_CLI_TEXT_LINES_H
#define MT_CLI_TEXT_LINES_H

#include "text/terminal.h"
#include "view/summary/summary.h"

/* Returns how lines of this terminal are made: verbose or not, with exact bytes or not. */
struct mt_summary_format mt_lines_format(const struct mt_terminal *terminal, bool exact_bytes,
                                         bool verbose);

/* Prints the lines, wrapped, and frees them. */
void mt_lines_print_styled(const struct mt_terminal *terminal, struct mt_summary *lines,
                           enum mt_terminal_style style);
void mt_lines_print(const struct mt_terminal *terminal, struct mt_summary *lines);

#endif
