/* SPDX-License-Identifier: MIT */
/* Where the code of a scope or function of that name stands. */
#ifndef MT_PROFILE_PLACES_H
#define MT_PROFILE_PLACES_H

#include "profile/profile.h"

struct mt_place {
    mt_string file; /* "": not known */
    uint32_t line;
};

/* Returns an array with a place for each string of the profile, for free(); NULL when out of
 * memory. */
struct mt_place *mt_places_new(const struct mt_profile *profile);

#endif
