/* SPDX-License-Identifier: MIT */
/* After an event that was left in the middle: see recover.c. */
#ifndef MT_TRACK_RECOVER_H
#define MT_TRACK_RECOVER_H

#include "track/thread/thread.h"

struct mt_hook_frame;

/* The event that t is busy with will not be gone on with: bring it to its end. If t is not busy
 * there is nothing to do. frame: of the hook that is being called; t is busy with it afterwards. */
MT_HIDDEN void mt_recover(struct mt_thread *t, const struct mt_hook_frame *frame);

/* A realloc of this thread has begun and not ended. If it never will, let its block be what it was.
 * Inside an event that was entered at frame. */
MT_HIDDEN void mt_recover_moved(struct mt_thread *t, const struct mt_hook_frame *frame);

#endif
