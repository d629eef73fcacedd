/* SPDX-License-Identifier: MIT */
/* The texts of compared benchmarks, which are the same on a terminal and in Markdown. */
#ifndef MT_VIEW_BENCHMARKS_CELLS_H
#define MT_VIEW_BENCHMARKS_CELLS_H

#include "view/benchmarks/pairs.h"
#include "view/format/format.h"

enum { MT_CELLS_SENTENCE = 512 };

/* "" is what does not apply, or is not known. */
struct mt_cells {
    char old[MT_FORMAT_BYTES], new[MT_FORMAT_BYTES];
    char change[MT_FORMAT_BYTES], low[MT_FORMAT_BYTES], high[MT_FORMAT_BYTES];
    const char *verdict;
};

void mt_cells_of_time(const struct mt_pairs_row *row, struct mt_cells *cells);
/* mt_pairs_has(row, figure) */
void mt_cells_of_figure(const struct mt_pairs_row *row, enum mt_results_figure figure,
                        struct mt_cells *cells);
const char *mt_cells_figure_name(enum mt_results_figure figure); /* "allocations", ... */

/* Writes how many are faster, slower, ...; and how many allocate otherwise. Returns text. */
char *mt_cells_summary(const struct mt_pairs *pairs, char text[MT_CELLS_SENTENCE]);
/* Writes what the words of the verdicts mean that occur, and how sure they are. Returns text. */
char *mt_cells_meaning(const struct mt_pairs *pairs, char text[2 * MT_CELLS_SENTENCE]);

#endif
