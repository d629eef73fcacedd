/* SPDX-License-Identifier: MIT */
/* Below a chart of memory over time: when scopes ran, and the programs' own counters
 * (view/timeline/tracks.h), a row each. */
#ifndef MT_CLI_TEXT_CHART_ROWS_H
#define MT_CLI_TEXT_CHART_ROWS_H

#include <stddef.h>

#include "text/terminal.h"
#include "view/timeline/timeline.h"

struct mt_chart_rows_place {
    size_t label_width, columns; /* columns begin two behind the label */
    const char *const *steps;    /* n_steps + 1 glyphs of rising height, the first is blank */
    size_t n_steps;
};

/* Prints the rows of a process, or of all when the course is the sum; nothing when there are none.
 * Returns 0, or -1 when out of memory. */
int mt_chart_rows_print(const struct mt_terminal *terminal, const struct mt_timeline *timeline,
                        const struct mt_course *course, const struct mt_chart_rows_place *place);

#endif
