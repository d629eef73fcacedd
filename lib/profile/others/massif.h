/* SPDX-License-Identifier: MIT */
/* What valgrind's massif and memtrack export write for ms_print; private to lib/profile. */
#ifndef MT_PROFILE_OTHERS_MASSIF_H
#define MT_PROFILE_OTHERS_MASSIF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "profile/inflate.h"
#include "profile/profile.h"

/* Returns whether a file that begins so is one. */
bool mt_massif_is_one(const uint8_t *head, size_t bytes);

/* Reads it to its end into *out, which is the caller's to free; NULL on an error. Its snapshots are
 * the ticks of the time axis, also where they are not of time, which a note says. Returns 0 or an
 * error that is filled. */
int mt_massif_read(struct mt_inflate *in, const char *name, struct mt_profile **out,
                   struct mt_error *error);

#endif
