/* SPDX-License-Identifier: MIT */
/* Which points of a long history are kept: the one rule for ticks and for compositions. */
#ifndef MT_WATCH_COARSEN_H
#define MT_WATCH_COARSEN_H

#include <stddef.h>
#include <stdint.h>

/*
 * Puts n points at rising times into at most want groups of neighbours (want >= 2): group[i] is
 * that of point i, from 0, not decreasing. Old points are put together before new ones: a group
 * spans at most a share of its age, the smallest that makes room, but no more than twice an equal
 * share of the whole. Returns the number of groups.
 */
size_t mt_coarsen(const uint64_t *time_ns, size_t n, size_t want, uint32_t *group);

/* Returns the least distance of points that is worth taking when the history is span_ns long:
 * base_ns at first, and later the span divided by 20,000, up to most_ns. */
uint64_t mt_coarsen_interval(uint64_t span_ns, uint64_t base_ns, uint64_t most_ns);

#endif
