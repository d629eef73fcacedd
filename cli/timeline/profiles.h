/* SPDX-License-Identifier: MIT */
/* Which profiles `memtrack timeline` is about. */
#ifndef MT_CLI_TIMELINE_PROFILES_H
#define MT_CLI_TIMELINE_PROFILES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "profile/profile.h"

struct mt_profiles { /* zero-initialized is none */
    struct mt_profile **items;
    size_t n;
};
void mt_profiles_free(struct mt_profiles *profiles);

/* Takes the profile over, also when it fails. 0 or -MEMTRACK_ENOMEM. */
int mt_profiles_add(struct mt_profiles *profiles, struct mt_profile *profile);

/* The profiles in a directory that belong to the run of the newest one (lib/view/timeline.h). At
 * most the 1,000 files that were written last are looked at; those that cannot be read are left
 * out, and counted. -MEMTRACK_ENOTFOUND when there is none, -MEMTRACK_EIO, -MEMTRACK_ENOMEM. */
int mt_profiles_of_run(const char *directory, struct mt_profiles *profiles, size_t *n_unreadable,
                       struct mt_error *error);

/* Of several profiles of one recording the one that goes furthest stays. 0 or -MEMTRACK_ENOMEM. */
int mt_profiles_drop_earlier(struct mt_profiles *profiles, size_t *n_dropped,
                             struct mt_error *error);

#endif
