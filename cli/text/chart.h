/* SPDX-License-Identifier: MIT */
/* A chart of memory over time for the terminal. */
#ifndef MT_CLI_TEXT_CHART_H
#define MT_CLI_TEXT_CHART_H

#include <stddef.h>

#include "text/terminal.h"
#include "view/timeline/timeline.h"

struct mt_chart_options {
    size_t width, height; /* columns and rows of the whole chart with its axes; 0: what the terminal
                             has, 20 rows */
};

/* Prints the course as an area (heap) and lines (the others), with axes, the peak, the timeline's
 * marks and a legend. Returns 0, or -1 when out of memory. */
int mt_chart_print(const struct mt_terminal *terminal, const struct mt_timeline *timeline,
                   const struct mt_course *course, const struct mt_chart_options *options);

/* Prints a row per process: pid, program, its heap on the common clock (each on a scale of its
 * own), peak. Shown are the n processes with the highest peaks, in the order in which they began.
 * Returns 0, or -1 when out of memory. */
int mt_chart_print_processes(const struct mt_terminal *terminal, const struct mt_timeline *timeline,
                             size_t n, const struct mt_chart_options *options);

#endif
