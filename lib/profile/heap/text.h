/* SPDX-License-Identifier: MIT */
/* Heap profiles in text, as allocators and Go write them; private to lib/profile. */
#ifndef MT_PROFILE_HEAP_TEXT_H
#define MT_PROFILE_HEAP_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "profile/inflate.h"
#include "profile/profile.h"

/* Returns whether a text profile begins with these bytes. */
bool mt_heap_text_is_one(const uint8_t *head, size_t bytes);

/* Reads a text profile to its end into *out, which is the caller's to free; NULL on an error. It
 * has exact locations without lines where the file does not name them, mappings without build
 * ids, and totals that are the sums of its columns. Returns 0, -MEMTRACK_EFORMAT,
 * -MEMTRACK_ENOMEM, -MEMTRACK_ELIMIT or -MEMTRACK_EIO. */
int mt_heap_text_read(struct mt_inflate *in, const char *name, struct mt_profile **out,
                      struct mt_error *error);

#endif
