/* SPDX-License-Identifier: MIT */
/* Does what memtrack_clear_traces promises. */
#ifndef MT_TRACK_CLEAR_H
#define MT_TRACK_CLEAR_H

#include "track/thread/thread.h"

/* Frees the lock, in a new process. */
MT_HIDDEN void mt_clear_start(void);

/* Forgets what has been recorded so far. Is called inside an event of t, which it may end to begin
 * another one. Returns 0, or -MEMTRACK_EBUSY when nothing has been forgotten and the caller may ask
 * again. */
MT_HIDDEN int mt_clear(struct mt_thread *t);

#endif
