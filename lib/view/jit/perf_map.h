/* SPDX-License-Identifier: MIT */
/* /tmp/perf-PID.map, as perf reads it: a line "START SIZE name" for each piece of generated code, in
 * hexadecimal. Private to lib/view/jit. */
#ifndef MT_VIEW_JIT_PERF_MAP_H
#define MT_VIEW_JIT_PERF_MAP_H

#include "view/jit/owners.h"

/* Reads the file from its beginning to where it ends now. Code moves and is replaced, so a later
 * line is believed before an earlier one. What is no such line is passed over. fd stays the
 * caller's; its position is not used. */
void mt_perf_map_read(int fd, struct mt_owners *owners);

#endif
