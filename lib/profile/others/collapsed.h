/* SPDX-License-Identifier: MIT */
/* Folded ("collapsed") stacks, as flame graphs are made of; private to lib/profile. */
#ifndef MT_PROFILE_OTHERS_COLLAPSED_H
#define MT_PROFILE_OTHERS_COLLAPSED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "profile/inflate.h"
#include "profile/profile.h"

/* Returns whether the stream, of which nothing has been taken, holds folded stacks: every line of
 * its beginning ends with a number, and one of them has a ';' or is a frame in brackets; or the name
 * of the file says that it holds them. An error of the stream is none: who reads on meets it again. */
bool mt_collapsed_is_one(struct mt_inflate *in, const char *name);

/* Reads it to its end into *out, which is the caller's to free; NULL on an error. Its numbers are
 * live bytes, because nothing says what they are. Returns 0 or an error that is filled. */
int mt_collapsed_read(struct mt_inflate *in, const char *name, struct mt_profile **out,
                      struct mt_error *error);

#endif
