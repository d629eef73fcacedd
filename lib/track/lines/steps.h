/* SPDX-License-Identifier: MIT */
/* How often a program's blocks have run and how long, of code that was built to tell of them. Inside
 * of an event (see track/guard.h). */
#ifndef MT_TRACK_LINES_STEPS_H
#define MT_TRACK_LINES_STEPS_H

#include "track/ground/hook_frame.h"
#include "track/thread/thread.h"

/* A block begins. frame is that of the hook which it calls. */
MT_HIDDEN void mt_lines_steps_enter(struct mt_thread *t, const struct mt_hook_frame *frame);
/* The function that begins at this address, and has called the hook with this frame, returns. */
MT_HIDDEN void mt_lines_steps_leave(struct mt_thread *t, uint64_t function,
                                    const struct mt_hook_frame *frame);
/* Ends all blocks that run: the thread has ended, or the process does. */
MT_HIDDEN void mt_lines_steps_end_all(struct mt_thread *t);

#endif
