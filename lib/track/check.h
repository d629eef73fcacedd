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

#include "ledger/invariants.h"
#include "track/ground/index.h"
#include "track/ground/state.h"

#ifdef MEMTRACK_CHECKS
/* What cannot be found, or is there twice: not after an event was left between making it and saying
 * so. */
static inline bool mt_state_once(bool holds) {
    return holds || mt_state.was_left;
}

/* Ids lie below n_ids. */
MT_HIDDEN const char *mt_index_check(const struct mt_index *x, uint32_t n_ids);
MT_HIDDEN const char *mt_intervals_check(void);
MT_HIDDEN const char *mt_paths_check(void);
MT_HIDDEN const char *mt_names_check(void);
MT_HIDDEN const char *mt_modules_check(void);
MT_HIDDEN const char *mt_sites_check(bool alone);
MT_HIDDEN const char *mt_identities_check(void);
MT_HIDDEN const char *mt_scopes_totals_check(bool alone);
MT_HIDDEN const char *
mt_scopes_thread_check(const struct mt_thread *t); /* those that t, the calling thread, has open */
MT_HIDDEN const char *mt_threads_check(bool alone);
MT_HIDDEN const char *mt_live_check(void);     /* alone */
MT_HIDDEN bool mt_live_has_big(uint64_t key);  /* is there a big block under this key? alone */
MT_HIDDEN const char *mt_mappings_check(void); /* alone */

/* All of them. */
MT_HIDDEN const char *mt_check_all(bool alone);
/* The same; what is found is written to stderr, and traps. */
MT_HIDDEN void mt_check_now(bool alone);
/* There are so many sites now. Under the growth lock. */
MT_HIDDEN void mt_check_growth(uint32_t n_sites);
/* The process ends. */
MT_HIDDEN void mt_check_end(void);
#else
static inline void mt_check_now(bool alone) {
    (void)alone;
}
static inline void mt_check_growth(uint32_t n_sites) {
    (void)n_sites;
}
static inline void mt_check_end(void) {}
#endif

#endif
