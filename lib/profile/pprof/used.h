/* SPDX-License-Identifier: MIT */
/* What of a profile the samples of a part of it refer to; private to lib/profile. */
#ifndef MT_PROFILE_PPROF_USED_H
#define MT_PROFILE_PPROF_USED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "profile/profile.h"

/* By index, 1: used. NULL: everything is, as the profile is no part of another. */
struct mt_used {
    uint8_t *locations, *functions, *strings;
};

/* Returns 0, -MEMTRACK_ENOMEM or -MEMTRACK_EUSAGE (an index out of range). */
int mt_used_find(struct mt_used *used, const struct mt_profile *profile);
void mt_used_free(struct mt_used *used);

static inline bool mt_used_has(const uint8_t *used, size_t index) {
    return !used || used[index];
}

#endif
