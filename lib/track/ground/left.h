/* SPDX-License-Identifier: MIT */
/*
 * A thread that enters the recorder and is found to be inside already has been interrupted there:
 * by a signal handler that allocates, after which the event goes on; or by one that has left it by
 * longjmp, so that it never does. Which of the two it is decides whether the thread's memory may be
 * touched, and is proven here, not guessed from addresses.
 */
#ifndef MT_TRACK_LEFT_H
#define MT_TRACK_LEFT_H

#include "base/os.h"
#include "track/ground/hook_frame.h"

enum mt_fate {
    MT_FATE_INTERRUPTED, /* it will go on */
    MT_FATE_LEFT,        /* it will not go on */
    /* It lies on another stack, whole: that of a coroutine, which may be resumed or not. */
    MT_FATE_UNKNOWN,
};

/* Tells what becomes of the event that was entered at frame busy, and that nobody has left by
 * returning. now is the frame of a hook that is being called. Any thread may ask, in any context.
 * It takes no lock, and makes system calls, hundreds of them for a deep stack. */
MT_HIDDEN enum mt_fate mt_left_fate(uint64_t busy, const struct mt_hook_frame *now);

#endif
