/* SPDX-License-Identifier: MIT */
/*
 * Who has allocated: a row of the report for each thread (struct mt_thread_row), bounded also where
 * a million threads follow one another. A thread gets its row when it first looks for a site,
 * inside of an event.
 */
#ifndef MT_TRACK_IDENTITIES_H
#define MT_TRACK_IDENTITIES_H

#include "track/thread/thread.h"

/* Forgets all rows, in a new process. Returns false when there is no memory. */
MT_HIDDEN bool mt_identities_start(void);

/* Makes room for what is kept of a bank that is being made. The caller has the growth lock. Returns
 * false when there is no memory. */
MT_HIDDEN bool mt_identities_reserve_bank(uint32_t bank);

/* Gives the calling thread its row, when it has none yet: sets t->thread_id, which is not 0
 * afterwards. Takes the growth lock. */
MT_HIDDEN void mt_identities_begin(struct mt_thread *t);

/* Notes that a thread, the calling one or another one that has not ended, has another name, of
 * which at most 15 bytes count. May be called in any context. A thread that has no row yet will be
 * asked for its name when it gets one. */
MT_HIDDEN void mt_identities_rename(struct mt_thread *t, const char *name);
/* Notes the calling thread's name, as the kernel tells it. */
MT_HIDDEN void mt_identities_look(struct mt_thread *t);

/* Returns the kernel's number of the thread of a row, or 0 when the row is of many threads or is
 * not known. */
MT_HIDDEN uint32_t mt_identities_tid(mt_thread_id id);

#ifdef MEMTRACK_CHECKS
/* See track/check.h. */
MT_HIDDEN const char *mt_identities_check(void);
#endif

#endif
