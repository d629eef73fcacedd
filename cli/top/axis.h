/* SPDX-License-Identifier: MIT */
/* The last minutes of a time axis, cut into as many equal parts as a line of the terminal has
 * columns. */
#ifndef MT_CLI_TOP_AXIS_H
#define MT_CLI_TOP_AXIS_H

#include <stddef.h>
#include <stdint.h>

#include "watch/axis.h"

/* A span that covers what there is, in steps: 15 s, 30 s, 1 min, 2 min, 5 min. */
uint64_t mt_top_axis_span(const struct mt_axis *axis);

/* The highest heap and RSS in each of n equal parts of (end - span, end]. A part between two ticks
 * goes on with the earlier one's; -1: before the first. */
void mt_top_axis_parts(const struct mt_axis *axis, uint64_t end_ns, uint64_t span_ns, size_t n,
                       int64_t *heap, int64_t *rss);

#endif
