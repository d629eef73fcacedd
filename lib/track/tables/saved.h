/* SPDX-License-Identifier: MIT */
/*
 * Keeps what counters were when a reader asked for all of them at one instant (a cut; see the top
 * of ledger/layout.h). They are copied to where that reader looks before they change for the first
 * time since. The functions are called inside an event of t, whose t->cut is the number of the cut.
 */
#ifndef MT_TRACK_SAVED_H
#define MT_TRACK_SAVED_H

#include "track/thread/thread.h"

/* Forgets all copies, in a new process. */
MT_HIDDEN void mt_saved_start(void);

/* Keeps the counters of the thread's bank. */
MT_HIDDEN void mt_saved_keep_bank(struct mt_thread *t);
/* Keeps the counters of the process. The first thread that learns of the cut does it; the others
 * wait for it before they change anything. */
MT_HIDDEN void mt_saved_keep_control(struct mt_thread *t);
/* Keeps the counters of a site, s, which has this id, unless that has been done. */
MT_HIDDEN void mt_saved_keep_site(struct mt_thread *t, const struct mt_site *s, mt_site_id id);
/* Makes room for the copy of a site, for a caller that holds the growth lock, which
 * mt_saved_keep_site would take. Returns false when there is none. */
MT_HIDDEN bool mt_saved_reserve(mt_site_id id);

#endif
