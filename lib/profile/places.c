/* SPDX-License-Identifier: MIT */
/* Scopes' totals know where their scopes begin; those of one name that other threads ended may not
 * know. */
#include "profile/places.h"

#include <stdlib.h>

#include "profile/strings.h"

struct mt_place *mt_places_new(const struct mt_profile *profile) {
    const struct mt_scopes *scopes = &profile->info.scopes;
    struct mt_place *places = calloc(mt_strings_count(profile->strings) + 1, sizeof *places);
    for (size_t i = 0; places && i < scopes->n_totals; i++) {
        struct mt_place *place = &places[scopes->totals[i].name];
        if (!place->file)
            *place = (struct mt_place){scopes->totals[i].file, scopes->totals[i].line};
    }
    return places;
}
