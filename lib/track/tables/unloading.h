/* SPDX-License-Identifier: MIT */
/*
 * Who is inside dlclose. A destructor of the code that goes, or a signal handler, can leave it by
 * longjmp, and a thread can end there: then nobody says that it is over.
 *
 * Any thread; not in signal handlers that interrupt these functions.
 */
#ifndef MT_TRACK_UNLOADING_H
#define MT_TRACK_UNLOADING_H

#include "base/os.h"
#include "track/ground/hook_frame.h"

/* In a new process: nobody is. */
MT_HIDDEN void mt_unloading_start(void);

/* The calling thread is, in the hook with this frame. */
MT_HIDDEN void mt_unloading_begin(const struct mt_hook_frame *frame);
/* No more. */
MT_HIDDEN void mt_unloading_end(const struct mt_hook_frame *frame);

/* How many of those that began have left, or ended with their thread, and say so only now. Inside
 * an event that was entered at frame; looks once in a while. */
MT_HIDDEN uint32_t mt_unloading_look(const struct mt_hook_frame *frame);

#endif
