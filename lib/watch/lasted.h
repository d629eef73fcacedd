/* SPDX-License-Identifier: MIT */
/* How long a process has been there at least, by what it has told of itself. */
#ifndef MT_WATCH_LASTED_H
#define MT_WATCH_LASTED_H

#include <stdint.h>

#include "profile/profile.h"

/* Returns the time of the last scope, counter or mark, since the recording began; 0: there is none.
 * What is said to be later than most_ns does not count. */
uint64_t mt_lasted_ns(const struct mt_profile_info *info, uint64_t most_ns);

#endif
