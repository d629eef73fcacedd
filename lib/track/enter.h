/* SPDX-License-Identifier: MIT */
/* The slow way into the recorder: for what guard.h cannot tell by one comparison. */
#ifndef MT_TRACK_ENTER_H
#define MT_TRACK_ENTER_H

#include "track/ground/hook_frame.h"
#include "track/thread/thread.h"

/* Returns the calling thread's memory, busy and up to date, or NULL when the event cannot be
 * recorded (then it has been counted). frame is that of the hook that is being called. */
MT_HIDDEN struct mt_thread *mt_enter(const struct mt_hook_frame *frame);

#endif
