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

/* Forget all, also in a forked child whose parent was in the middle of a change. */
MT_HIDDEN void mt_intervals_start(void);

/* The first that ends after address, or NULL. Good until the next change. */
MT_HIDDEN const struct mt_interval *mt_intervals_after(uint64_t address);

/* It must overlap none. False: there is no room. */
MT_HIDDEN bool mt_intervals_insert(struct mt_interval interval);

/* The one that begins there has to exist. */
MT_HIDDEN void mt_intervals_erase(uint64_t begin);

/* Room for one more, whatever is changed next. */
MT_HIDDEN bool mt_intervals_reserve(void);

/* In place of the one that begins there, these n parts of it (at most 2), in order: all in one,
 * when it is left by longjmp. With two there must be room: mt_intervals_reserve. */
MT_HIDDEN void mt_intervals_replace(uint64_t begin, const struct mt_interval *part, uint32_t n);

#ifdef MEMTRACK_CHECKS
/* See track/check.h. */
MT_HIDDEN const char *mt_intervals_check(void);
#endif

#endif
