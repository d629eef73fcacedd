/* SPDX-License-Identifier: MIT */
/*
 * What is mapped: the ranges of addresses, and the live block of each that can be touched. Inside
 * of an event of t; all but mt_ranges_now and the lock itself under the lock.
 */
#ifndef MT_TRACK_RANGES_H
#define MT_TRACK_RANGES_H

#include "track/mappings/intervals.h"
#include "track/thread/thread.h"

/* In a new process: forget all. */
MT_HIDDEN void mt_ranges_start(void);

/* What is added from now on has this serial number or a higher one. Any thread, any context. */
MT_HIDDEN uint64_t mt_ranges_now(void);

/* False: the lock could not be had. What an event that was left has begun is done first. */
MT_HIDDEN bool mt_ranges_lock(struct mt_thread *t);
MT_HIDDEN void mt_ranges_unlock(void);

/* An event of t was left, perhaps under the lock: bring it to its end. Takes the lock if so. */
MT_HIDDEN void mt_ranges_recover(struct mt_thread *t);

/* The first that touches [at, end), or NULL. Good until the next change. */
MT_HIDDEN const struct mt_interval *mt_ranges_within(uint64_t at, uint64_t end);

/* Nothing that was mapped before lies in [begin, end) any more. */
#define MT_RANGES_ANYTHING UINT64_MAX /* before: whenever it was mapped */
MT_HIDDEN void mt_ranges_cut(struct mt_thread *t, uint64_t begin, uint64_t end, uint64_t before);

/* Nor does this one, which may reach beyond. */
MT_HIDDEN void mt_ranges_cut_interval(struct mt_thread *t, const struct mt_interval *m,
                                      uint64_t begin, uint64_t end);

/* A new one, which gets its serial number; what it covers has been cut. Returns the domain of its
 * block, which the caller records in between (not if it is reserved); 0: there is no room for
 * it. */
MT_HIDDEN mt_name_id mt_ranges_begin_adding(struct mt_thread *t, struct mt_interval *m);
MT_HIDDEN void mt_ranges_end_adding(void);

#ifdef MEMTRACK_CHECKS
/* See track/check.h. While no other thread records. */
MT_HIDDEN const char *mt_ranges_check(void);
#endif

#endif
