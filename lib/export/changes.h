/* SPDX-License-Identifier: MIT */
/* The changes of a profile's time axis, in the order of time. Private to lib/export. */
#ifndef MT_EXPORT_CHANGES_H
#define MT_EXPORT_CHANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "profile/profile.h"

struct mt_change {
    uint64_t time_ns;
    const struct mt_tick_change *change;
};

/* Makes *changes (malloc'ed) of those that name a tick and a sample of the profile. Returns false
 * when out of memory. */
bool mt_changes_sort(const struct mt_profile *profile, struct mt_change **changes, size_t *n);

#endif
