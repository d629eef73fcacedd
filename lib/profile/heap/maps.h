/* SPDX-License-Identifier: MIT */
/* The mappings at the end of a heap profile in text. */
#ifndef MT_PROFILE_HEAP_MAPS_H
#define MT_PROFILE_HEAP_MAPS_H

#include "profile/heap/scan.h"
#include "profile/profile.h"

/* Takes a line of /proc/PID/maps. Returns 1 when it was one with code of a file, and a mapping
 * was added; 0 when it was not; or an error of mt_profile_add_mapping. */
int mt_heap_maps_line(struct mt_profile *profile, struct mt_scan line);
/* Gives each location the mapping that holds its address. Returns 0 or -MEMTRACK_ENOMEM. */
int mt_heap_maps_assign(struct mt_profile *profile);

#endif
