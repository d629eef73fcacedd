/* SPDX-License-Identifier: MIT */
/* A time axis in bounded memory: ticks go in for as long as somebody watches, the older ones get
 * coarser (coarsen.h). */
#ifndef MT_WATCH_AXIS_H
#define MT_WATCH_AXIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "profile/profile.h"

struct mt_axis {
    struct mt_tick *ticks; /* at rising times */
    size_t n, max, capacity;
    bool by_rss; /* the highest tick is that with most RSS; the heap is known of some alone */
};

void mt_axis_init(struct mt_axis *axis, size_t max); /* max >= 8 */
void mt_axis_free(struct mt_axis *axis);

/* Adds a tick; one that is not later than the last one takes the place of that. When there is no
 * room for all, neighbours are put together, and of each group the one with the most live bytes
 * (then RSS) stays, or with the most RSS. Returns 0 or -MEMTRACK_ENOMEM. */
int mt_axis_add(struct mt_axis *axis, const struct mt_tick *tick);

uint64_t mt_axis_last_ns(const struct mt_axis *axis); /* 0: no tick yet */

/* Hands the ticks over to the profile (which has none) and sets its tick_interval_ns; the axis is
 * empty then. */
void mt_axis_give(struct mt_axis *axis, uint64_t interval_ns, struct mt_profile *profile);
/* Gives a profile a copy of the ticks: it is written while the axis goes on. Returns 0 or
 * -MEMTRACK_ENOMEM. */
int mt_axis_copy(const struct mt_tick *ticks, size_t n, uint64_t interval_ns,
                 struct mt_profile *profile);

#endif
