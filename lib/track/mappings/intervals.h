/* SPDX-License-Identifier: MIT */
/*
 * A sorted set of address ranges that do not overlap. Private memory of the process; the caller
 * locks. A pointer to an interval is good until the next change.
 */
#ifndef MT_TRACK_INTERVALS_H
#define MT_TRACK_INTERVALS_H

#include "base/os.h"

struct mt_interval {
    uint64_t begin, end; /* begin < end */
    uint64_t serial;
    uint32_t page_shift;
    bool is_reserved, is_file;
};

/* Forgets all intervals, also in a forked child whose parent was in the middle of a change. */
MT_HIDDEN void mt_intervals_start(void);

/* Returns the first interval that ends after address, or NULL. It is good until the next change. */
MT_HIDDEN const struct mt_interval *mt_intervals_after(uint64_t address);

/* Inserts an interval, which must overlap none. Returns false when there is no room. */
MT_HIDDEN bool mt_intervals_insert(struct mt_interval interval);

/* Erases the interval that begins at begin, which has to be there. */
MT_HIDDEN void mt_intervals_erase(uint64_t begin);

/* Makes sure that there is room for one more interval, whatever is changed next. Returns false when
 * there is none. */
MT_HIDDEN bool mt_intervals_reserve(void);

/* Puts n parts, at most 2 and in order, in place of the interval that begins at begin. The change
 * is made as a whole or not at all, also when it is left by longjmp. For two parts there must be
 * room: see mt_intervals_reserve. */
MT_HIDDEN void mt_intervals_replace(uint64_t begin, const struct mt_interval *part, uint32_t n);

#ifdef MEMTRACK_CHECKS
/* See track/check.h. */
MT_HIDDEN const char *mt_intervals_check(void);
#endif

#endif
