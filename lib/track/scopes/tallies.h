/* SPDX-License-Identifier: MIT */
/* The program's own figures: counters, and the bytes that its caches have. */
#ifndef MT_TRACK_TALLIES_H
#define MT_TRACK_TALLIES_H

#include "memtrack.h"
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

/* Adds an answer of a cache, which took so long, to MT_GROUP_HITS or MT_GROUP_MISSES; the same
 * holds. It is no event: there would be no room for others. */
MT_HIDDEN int mt_tallies_answer(struct mt_thread *t, const char *name, const char *group,
                                uint64_t duration_ns);

/* ---- reading: any thread --------------------------------------------------------------------- */

/* As memtrack_counters_read. */
MT_HIDDEN int mt_tallies_read(memtrack_counter_row *rows, uint32_t capacity);

/* Returns how many figures there are; their numbers are below that. More may come. */
MT_HIDDEN uint32_t mt_tallies_count(void);
/* Reads the size of a cache by the number of the figure; the name is NULL when it is none. Returns
 * false when there is no such number. */
MT_HIDDEN bool mt_tallies_size(uint32_t number, uint32_t n, memtrack_counter_row *out);

#ifdef MEMTRACK_CHECKS
/* See track/check.h. */
MT_HIDDEN const char *mt_tallies_check(void);
#endif

#endif
