/* SPDX-License-Identifier: MIT */
/* The last minutes of a time axis, cut into as many equal parts as a line of the terminal has
 * columns. */
#ifndef MT_CLI_TOP_AXIS_H
#define MT_CLI_TOP_AXIS_H

#include <stddef.h>
#include <stdint.h>

#include "watch/axis.h"

/* Returns a span in ns that covers what there is, in steps: 15 s, 30 s, 1 min, 2 min, 5 min. */
uint64_t mt_top_axis_span(const struct mt_axis *axis);

/* Finds the highest heap and RSS, in bytes, in each of n equal parts of (end - span, end]. A part
 * between two ticks has what the earlier one had; one before the first tick has -1. */
void mt_top_axis_parts(const struct mt_axis *axis, uint64_t end_ns, uint64_t span_ns, size_t n,
                       int64_t *heap, int64_t *rss);

#endif
