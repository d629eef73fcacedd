/* SPDX-License-Identifier: MIT */
/*
 * What readers ask of this process through the control line of its ledger: to be read at one
 * instant (a cut), and recording on or off. See the top of ledger/layout.h for the protocol. And
 * the clock of the eras.
 */
#ifndef MT_TRACK_REQUEST_H
#define MT_TRACK_REQUEST_H

#include "track/ground/state.h"

/* In a new process. */
MT_HIDDEN void mt_request_start(bool off);

/* control.request is not what this thread last acted upon. At the beginning of an event, before
 * anything is changed. */
MT_HIDDEN void mt_request_changed(struct mt_thread *t);

/* A dormant process has been asked to record: let it. */
MT_HIDDEN void mt_request_wake(void);

/* Something that makes events unusual (tracker.h) has changed. */
MT_HIDDEN void mt_state_note_unusual(void);

/* Copy the counters of a site to where the reader of t->cut looks for them, unless that is done. */
MT_HIDDEN void mt_saved_keep_site(struct mt_thread *t, mt_site_id id);
/* Make room for that copy, for who holds the growth lock, which mt_saved_keep_site would take.
 * False: there is none. */
MT_HIDDEN bool mt_saved_reserve(mt_site_id id);

/* Forget what has been recorded so far. 0 or -MEMTRACK_EBUSY: nothing has been forgotten, ask
 * again. */
MT_HIDDEN int mt_clear(struct mt_thread *t);

/* Look at the clock, every MT_ERA_EVENTS allocations. */
MT_HIDDEN void mt_eras_look(void);

#endif
