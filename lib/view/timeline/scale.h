/* SPDX-License-Identifier: MIT */
/* Axes of charts: round steps and short labels. */
#ifndef MT_VIEW_TIMELINE_SCALE_H
#define MT_VIEW_TIMELINE_SCALE_H

#include <stddef.h>
#include <stdint.h>

#include "view/format/format.h"

/* Returns the smallest round step of which at most n (>= 1) cover [0, most]; never 0. Steps of
 * bytes are 1, 2, 4, 8, ... of a unit. Steps of time are 1, 2, 5 of decimal parts of a second,
 * then steps of clocks and calendars. */
uint64_t mt_scale_bytes(uint64_t most, size_t n);
uint64_t mt_scale_time(uint64_t most_ns, size_t n);

/* Writes "0" or "512 MiB"; a multiple of a step has no needless decimals. */
char *mt_scale_label_bytes(char buffer[MT_FORMAT_BYTES], uint64_t bytes);
/* Writes "0", "250 ms", "1.5 s", "90 s", "2:30 min", "1:30 h" or "3 d", precise enough to tell
 * multiples of step_ns apart. */
char *mt_scale_label_time(char buffer[MT_FORMAT_BYTES], uint64_t ns, uint64_t step_ns);

#endif
