/* SPDX-License-Identifier: MIT */
/* Which folder the source files of the rows on a screen have in common. */
#ifndef MT_CLI_TEXT_ROOTS_H
#define MT_CLI_TEXT_ROOTS_H

#include "text/label.h"

struct mt_roots { /* zero-initialized is empty */
    const char **files;
    size_t n;
};

/* Notes the source files that a row shows, if they are the program's: of a call path those of all
 * its frames. */
void mt_roots_add(struct mt_roots *roots, const struct mt_labels *labels,
                  const struct mt_rows *rows, const struct mt_row *row);

/* Sets labels->root by what was noted, and empties roots. */
void mt_roots_choose(struct mt_roots *roots, struct mt_labels *labels);

#endif
