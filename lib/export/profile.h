/* SPDX-License-Identifier: MIT */
/*
 * A profile for another tool: what passed the filters. Every sample that passed is in a row. The
 * rows are by call path, but for a format that has a row for each of something else. Which moment is
 * live, and which column counts in a format that has but one, are the rows' options at and sort.
 */
#ifndef MT_EXPORT_PROFILE_H
#define MT_EXPORT_PROFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "profile/profile.h"

struct mt_rows;
struct mt_processes;

struct mt_export_profile {
    const struct mt_rows *rows;           /* built with keeps_samples */
    size_t n;                             /* the first so many, 0: all of them */
    const struct mt_processes *processes; /* of a run of several; NULL: of one */
};

/* Returns whether it is less than the whole profile: filtered, cut, or as of a moment. */
bool mt_export_profile_is_part(const struct mt_export_profile *profile);
/* Returns the column of a format that has but one: that which rows are sorted by, which is live when
 * the profile has not the one that was asked for. */
enum mt_value mt_export_profile_column(const struct mt_export_profile *profile);
/* Returns how many rows are written. */
size_t mt_export_profile_rows(const struct mt_export_profile *profile);

#endif
