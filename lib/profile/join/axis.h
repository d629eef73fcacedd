/* SPDX-License-Identifier: MIT */
/* The time axes of several processes as that of their sum. Private to profile/join. */
#ifndef MT_PROFILE_JOIN_AXIS_H
#define MT_PROFILE_JOIN_AXIS_H

#include <stddef.h>
#include <stdint.h>

#include "profile/merge.h"

/* Times are bounded: a sum of two, and what lies between two, stay in range. */
#define MT_JOIN_MAX_NS (UINT64_C(1) << 61)

struct mt_join_seen;  /* private: what was seen of a process at a tick */
struct mt_join_delta; /* private: what a call path grew by */

struct mt_join_axis {
    struct mt_join_seen *seen;
    size_t n_seen, seen_capacity;
    struct mt_join_delta *deltas;
    size_t n_deltas, deltas_capacity;
    uint32_t n_processes;
    uint32_t n_without; /* processes that held something, of which no composition is known */
    uint64_t interval_ns;
};

/* Adds a process that began at start_ns (since the epoch). Returns 0 or -MEMTRACK_ENOMEM. */
int mt_join_axis_add(struct mt_join_axis *axis, const struct mt_merge_added *added,
                     uint64_t start_ns);
/* Gives the ticks and changes to the result, whose recording is from origin_ns to end_ns. Returns 0
 * or -MEMTRACK_ENOMEM. */
int mt_join_axis_finish(struct mt_join_axis *axis, uint64_t origin_ns, uint64_t end_ns,
                        struct mt_profile *into);
void mt_join_axis_free(struct mt_join_axis *axis);

#endif
