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

/* Forgets who is inside dlclose, in a new process. */
MT_HIDDEN void mt_unloading_start(void);

/* Notes that the calling thread is inside dlclose, in the hook with this frame. */
MT_HIDDEN void mt_unloading_begin(const struct mt_hook_frame *frame);
/* Notes that the calling thread has left that hook. */
MT_HIDDEN void mt_unloading_end(const struct mt_hook_frame *frame);

/* Returns how many calls of dlclose have been left by longjmp, or ended with their thread, and are
 * found only now. To be called inside an event that was entered at frame; it looks only once in a
 * while, and otherwise returns 0. */
MT_HIDDEN uint32_t mt_unloading_look(const struct mt_hook_frame *frame);

#endif
