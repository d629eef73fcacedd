/* SPDX-License-Identifier: MIT */
/* What the program says of itself: keys with values, such as its version. */
#ifndef MT_TRACK_METADATA_H
#define MT_TRACK_METADATA_H

#include "base/os.h"

/* In a new process: a fork has the keys of its parent. */
MT_HIDDEN void mt_metadata_start(void);

/* Sets a key, of which the first 255 bytes count, as of the value. To be called inside of an event,
 * or while recording has not been switched on yet. Returns 0; -MEMTRACK_ELIMIT when there is no
 * room, which is counted; or -MEMTRACK_EBUSY in a signal handler that has interrupted this thread
 * while it sets one. */
MT_HIDDEN int mt_metadata_set(const char *key, const char *value);

#ifdef MEMTRACK_CHECKS
/* See track/check.h. */
MT_HIDDEN const char *mt_metadata_check(void);
#endif

#endif
