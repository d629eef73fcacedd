/* SPDX-License-Identifier: MIT */
/* The program's own figures: counters, and the bytes that its caches have. */
#ifndef MT_TRACK_TALLIES_H
#define MT_TRACK_TALLIES_H

#include "track/thread/thread.h"

/* Forgets all of them, in a new process. */
MT_HIDDEN void mt_tallies_start(void);

/*
 * These change a figure and add an event of it to the timeline, inside of an event (see
 * track/guard.h). They return 0, or -MEMTRACK_ELIMIT when there is no room, which is counted.
 * mt_tallies_set: each call is an event when always is true. Otherwise, and of what is added, one a
 * millisecond is, and readers take the last value from the figure itself.
 */
MT_HIDDEN int mt_tallies_set(struct mt_thread *t, enum mt_tally_kind kind, const char *name,
                             int64_t value, bool always);
MT_HIDDEN int mt_tallies_add(struct mt_thread *t, enum mt_tally_kind kind, const char *name,
                             int64_t by);

/* ---- reading: any thread --------------------------------------------------------------------- */

/* Returns how many there are, and one of them by its number, from 1 on. */
MT_HIDDEN uint32_t mt_tallies_count(void);
MT_HIDDEN const struct mt_tally *mt_tallies_at(uint32_t number);

#ifdef MEMTRACK_CHECKS
/* See track/check.h. */
MT_HIDDEN const char *mt_tallies_check(void);
#endif

#endif
