/* SPDX-License-Identifier: MIT */
/* What valgrind's DHAT, the dhat crate for Rust and memtrack export write for dh_view; private to
 * lib/profile. */
#ifndef MT_PROFILE_OTHERS_DHAT_H
#define MT_PROFILE_OTHERS_DHAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "profile/inflate.h"
#include "profile/profile.h"

/* Returns whether a file that begins so is one. */
bool mt_dhat_is_one(const uint8_t *head, size_t bytes);

/* Reads it to its end into *out, which is the caller's to free; NULL on an error: of a file that
 * counts copies or events instead of blocks, and of another version than 2, too. Returns 0 or an
 * error that is filled. */
int mt_dhat_read(struct mt_inflate *in, const char *name, struct mt_profile **out,
                 struct mt_error *error);

#endif
