/* SPDX-License-Identifier: MIT */
/*
 * The walkers: mt_<module>_check goes through a module's structures and says in a sentence what
 * does not hold, or returns NULL. Each stands beside the structure that it is about; they are only
 * there in a build with MEMTRACK_CHECKS (that with tests), which also calls them: at a process's
 * start and end, and whenever sites have doubled. What they find traps.
 *
 * `alone`: no other thread records, so that counters and the table of live blocks stand still too.
 * Else the caller holds the growth lock, and only what grows is looked at. Those without the word
 * are for one thread at a time anyway.
 */
#ifndef MT_TRACK_CHECK_H
#define MT_TRACK_CHECK_H

#include "base/os.h"

#ifdef MEMTRACK_CHECKS
/* Calls all of the walkers. */
MT_HIDDEN const char *mt_check_all(bool alone);
/* Calls mt_check_all; if it finds something, writes that to stderr and traps. */
MT_HIDDEN void mt_check_now(bool alone);
/* Calls mt_check_now, inside an event, when there are twice as many sites as the last time. */
MT_HIDDEN void mt_check_growth(void);
/* Calls mt_check_now when the process ends. */
MT_HIDDEN void mt_check_end(void);
#else
static inline void mt_check_now(bool alone) {
    (void)alone;
}
static inline void mt_check_growth(void) {}
static inline void mt_check_end(void) {}
#endif

#endif
