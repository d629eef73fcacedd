/* SPDX-License-Identifier: MIT */
/* What is done after an event that was left in the middle: see recover.c. */
#ifndef MT_TRACK_RECOVER_H
#define MT_TRACK_RECOVER_H

#include "track/thread/thread.h"

struct mt_hook_frame;

/* Brings the event that t is busy with to its end, since it will not be gone on with. If t is not
 * busy there is nothing to do. frame is that of the hook that is being called; t is busy with it
 * afterwards. */
MT_HIDDEN void mt_recover(struct mt_thread *t, const struct mt_hook_frame *frame);

/* Lets the block of a realloc of this thread be what it was, if that has begun and will never end.
 * To be called inside an event that was entered at frame. */
MT_HIDDEN void mt_recover_moved(struct mt_thread *t, const struct mt_hook_frame *frame);

#endif
