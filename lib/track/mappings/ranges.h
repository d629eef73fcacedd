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

/* Forgets all, in a new process. */
MT_HIDDEN void mt_ranges_start(void);

/* Returns the lowest serial number of what is added from now on. Any thread may ask, in any
 * context. */
MT_HIDDEN uint64_t mt_ranges_now(void);

/* Takes the lock, and first of all does what an event that was left has begun. Returns false when
 * the lock could not be had. */
MT_HIDDEN bool mt_ranges_lock(struct mt_thread *t);
MT_HIDDEN void mt_ranges_unlock(void);

/* Brings an event of t to its end that was left, perhaps under the lock: then it takes it. */
MT_HIDDEN void mt_ranges_recover(struct mt_thread *t);

/* Returns the first that touches [at, end), or NULL. It is good until the next change. */
MT_HIDDEN const struct mt_interval *mt_ranges_within(uint64_t at, uint64_t end);

/* Takes out of [begin, end) whatever was mapped before that serial number. */
#define MT_RANGES_ANYTHING UINT64_MAX /* before: whenever it was mapped */
MT_HIDDEN void mt_ranges_cut(struct mt_thread *t, uint64_t begin, uint64_t end, uint64_t before);

/* Takes out of it this one, which may reach beyond. */
MT_HIDDEN void mt_ranges_cut_interval(struct mt_thread *t, const struct mt_interval *m,
                                      uint64_t begin, uint64_t end);

/* Adds a new one, which gets its serial number; what it covers has been cut. Returns the domain of
 * its block, which the caller records in between (not if it is reserved), or 0 when there is no
 * room. */
MT_HIDDEN mt_name_id mt_ranges_begin_adding(struct mt_thread *t, struct mt_interval *m);
MT_HIDDEN void mt_ranges_end_adding(void);

#ifdef MEMTRACK_CHECKS
/* See track/check.h. While no other thread records. */
MT_HIDDEN const char *mt_ranges_check(void);
#endif

#endif
