/* SPDX-License-Identifier: MIT */
/* Looking for code that could confine the process without libc knowing. */
#ifndef MT_TRACK_RAW_CALLS_H
#define MT_TRACK_RAW_CALLS_H

#include "base/os.h"

/* Tells whether [code, code + bytes), which can be read, has an instruction for a system call with
 * the number of seccomp or prctl before it, or with a number that comes from elsewhere. It takes
 * about a sixth of a millisecond for a mebibyte. */
MT_HIDDEN bool mt_raw_calls_can_confine(const uint8_t *code, size_t bytes);

#endif
