/* SPDX-License-Identifier: MIT */
/* The beginning of a process: at its first hook, and again at the first hook after a fork. */
#ifndef MT_TRACK_START_H
#define MT_TRACK_START_H

#include "base/os.h"
#include "track/ground/hook_frame.h"

/* Starts recording in this process if it can be and is not yet. It never allocates. Any thread may
 * call it in any context. frame is that of the hook that is being called. */
MT_HIDDEN void mt_start(const struct mt_hook_frame *frame);

/* Leaves a ledger that says that an object before us has a malloc of its own, so that perhaps no
 * call will ever come here. It is replaced when a call comes after all. To be called once, before
 * main. */
MT_HIDDEN void mt_start_say_preceded(void);

/* Reads the options from the environment, unless that has been done. It may come before anything
 * else of the recorder, and makes no difference to the start. */
MT_HIDDEN void mt_start_read_options(void);

#endif
