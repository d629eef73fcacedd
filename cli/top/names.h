/* SPDX-License-Identifier: MIT */
/* What the rows of `memtrack top` are called, a line each. */
#ifndef MT_CLI_TOP_NAMES_H
#define MT_CLI_TOP_NAMES_H

#include "text/label.h"
#include "top/model.h"
#include "view/format/format.h"

/* Finds what the rows of the model have in common (the folder of their sources, the ends of their
 * call paths), which their names are then without. */
void mt_top_names_prepare(struct mt_labels *labels, const struct mt_top_model *model);

/* Returns what the names are without, for the heading: "in /src/app", "all: grab ← … ← main".
 * malloc'ed; NULL: nothing. */
char *mt_top_names_shared(const struct mt_labels *labels, const struct mt_top_model *model,
                          size_t columns);

/* Returns what the row is called, and in *detail what belongs to it as far as there is room, or "".
 * Both are malloc'ed and safe for a terminal, and together at most columns wide, with two columns
 * between them. NULL: out of memory. A call path is called by its functions, innermost first. */
char *mt_top_names_of(const struct mt_labels *labels, const struct mt_rows *rows,
                      const struct mt_row *row, size_t columns, char **detail);

#endif
