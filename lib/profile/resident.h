/* SPDX-License-Identifier: MIT */
/* How much memory the processes of a profile that watched them from outside had resident. */
#ifndef MT_PROFILE_RESIDENT_H
#define MT_PROFILE_RESIDENT_H

#include <stdint.h>

#include "profile/profile.h"

/* Returns the most that all had together, in bytes: of one process the kernel's own figure, of
 * several at most what was seen at a tick, and no less than the largest had alone. */
uint64_t mt_resident_peak(const struct mt_profile *profile);

#endif
