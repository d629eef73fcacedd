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

/* Adds a profile, and takes it over, also when this fails. Returns 0 or -MEMTRACK_ENOMEM. */
int mt_profiles_add(struct mt_profiles *profiles, struct mt_profile *profile);

/* Loads the profiles in a directory that belong to the run of the newest one
 * (view/timeline/family.h). At most the 1,000 files that were written last are looked at; those
 * that cannot be read are left out, and counted. Returns 0, -MEMTRACK_ENOTFOUND when there is none,
 * -MEMTRACK_EIO or -MEMTRACK_ENOMEM. */
int mt_profiles_of_run(const char *directory, struct mt_profiles *profiles, size_t *n_unreadable,
                       struct mt_error *error);

/* Keeps, of several profiles of one recording, the one that goes furthest. Returns 0 or
 * -MEMTRACK_ENOMEM. */
int mt_profiles_drop_earlier(struct mt_profiles *profiles, size_t *n_dropped,
                             struct mt_error *error);

#endif
