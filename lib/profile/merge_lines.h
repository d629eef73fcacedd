/* SPDX-License-Identifier: MIT */
/* Private to lib/profile: what lines did, of several profiles. */
#ifndef MT_PROFILE_MERGE_LINES_H
#define MT_PROFILE_MERGE_LINES_H

#include "profile/profile.h"

/* Adds those of another profile, whose locations are called as the map says. Returns 0,
 * -MEMTRACK_ENOMEM, -MEMTRACK_ELIMIT or -MEMTRACK_EFORMAT. */
int mt_merge_lines_add(struct mt_profile *into, const struct mt_profile *from,
                       const uint32_t *locations);

#endif
