/* SPDX-License-Identifier: MIT */
/* A timeline on a terminal: what it is of, the chart, and a row for each process. */
#ifndef MT_CLI_TIMELINE_TEXT_H
#define MT_CLI_TIMELINE_TEXT_H

#include <stdbool.h>

#include "text/chart.h"
#include "text/terminal.h"
#include "view/timeline/timeline.h"

struct mt_timeline_text_options {
    struct mt_chart_options chart;
    bool verbose;
};

/* Returns 0, or -1 when out of memory. */
int mt_timeline_text_print(const struct mt_terminal *terminal, const struct mt_timeline *timeline,
                           const struct mt_timeline_text_options *options);

#endif
