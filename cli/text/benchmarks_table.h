/* SPDX-License-Identifier: MIT */
/* Compared benchmarks as text. */
#ifndef MT_CLI_TEXT_BENCHMARKS_TABLE_H
#define MT_CLI_TEXT_BENCHMARKS_TABLE_H

#include "text/terminal.h"
#include "view/benchmarks/pairs.h"

/* Prints the pairs; files are the two that they come from. */
void mt_benchmarks_table_print(const struct mt_terminal *terminal, const struct mt_pairs *pairs,
                               const char *const files[2]);

#endif
