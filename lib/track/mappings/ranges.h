/* SPDX-License-Identifier: MIT */
/*
 * Knows what is mapped: the ranges of addresses, and the live block of each that can be touched.
 * The functions are called inside an event of t and, but for mt_ranges_now and the lock itself,
 * under the lock.
 */
#ifndef MT_TRACK_RANGES_H
#define MT_TRACK_RANGES_H

#include "track/mappings/intervals.h"
#include "track/thread/thread.h"

/* Forgets all ranges, in a new process. */
MT_HIDDEN void mt_ranges_start(void);

/* Returns the lowest serial number of what is added from now on. Any thread may ask, in any
 * context. */
MT_HIDDEN uint64_t mt_ranges_now(void);

/* Takes the lock, and first of all does what an event that was left has begun. Returns false when
 * the lock could not be had. */
MT_HIDDEN bool mt_ranges_lock(struct mt_thread *t);
MT_HIDDEN void mt_ranges_unlock(void);

/* Brings an event of t to its end that was left. If it was left under the lock, that is taken
 * again, and released. */
MT_HIDDEN void mt_ranges_recover(struct mt_thread *t);

/* Returns the first interval that touches [at, end), or NULL. It is good until the next change. */
MT_HIDDEN const struct mt_interval *mt_ranges_within(uint64_t at, uint64_t end);

/* Takes out of [begin, end) whatever was mapped before the serial number before. */
#define MT_RANGES_ANYTHING UINT64_MAX /* as before: whatever was mapped, whenever that was */
MT_HIDDEN void mt_ranges_cut(struct mt_thread *t, uint64_t begin, uint64_t end, uint64_t before);

/* Takes [begin, end) out of this interval, which may reach beyond it. */
MT_HIDDEN void mt_ranges_cut_interval(struct mt_thread *t, const struct mt_interval *m,
                                      uint64_t begin, uint64_t end);

/* Adds an interval, which gets its serial number; what it covers has been cut. Returns the domain
 * of its block, or 0 when there is no room. The caller records the block, unless the interval is
 * reserved, and then calls mt_ranges_end_adding in any case. */
MT_HIDDEN mt_name_id mt_ranges_begin_adding(struct mt_thread *t, struct mt_interval *m);
MT_HIDDEN void mt_ranges_end_adding(void);

#ifdef MEMTRACK_CHECKS
/* See track/check.h. To be called while no other thread records. */
MT_HIDDEN const char *mt_ranges_check(void);
#endif

#endif
