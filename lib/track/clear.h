/* SPDX-License-Identifier: MIT */
/* memtrack_clear_traces. */
#ifndef MT_TRACK_CLEAR_H
#define MT_TRACK_CLEAR_H

#include "track/thread/thread.h"

/* In a new process. */
MT_HIDDEN void mt_clear_start(void);

/* Forget what has been recorded so far. Inside an event of t, which may end it and begin another
 * one. 0 or -MEMTRACK_EBUSY: nothing has been forgotten, ask again. */
MT_HIDDEN int mt_clear(struct mt_thread *t);

#endif
