/* SPDX-License-Identifier: MIT */
/*
 * The limit that no allocation exceeds (MEMTRACK_OPTIONS=limit_peak=BYTES): functions between the
 * hooks and the real ones. They get there by mt_next_limit (next.h), and in a process without a limit
 * not at all.
 */
#ifndef MT_INTERPOSE_LIMIT_H
#define MT_INTERPOSE_LIMIT_H

#include "base/os.h"

/* Returns what a second object is to call in place of what it has looked up. */
MT_HIDDEN void *mt_limit_second(const char *name, void *found);

#endif
