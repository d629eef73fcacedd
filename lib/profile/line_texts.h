/* SPDX-License-Identifier: MIT */
/*
 * Which lines of source say the same, as numbers: of two profiles that were compared where their
 * sources are, a line has the number of another one, of either side, when both have the same text,
 * and no number when its text was not to be had. So the comparison is the same again where the
 * sources are not, as in a page, and nothing of their text has to be there.
 *
 *   diff --html ──► numbers in both profiles ──► block of the page ──► numbers in both profiles
 *
 * Numbers of two profiles mean the same when these have one set. They are not part of a profile's
 * file. See view/compare/match_texts.h for where they come from.
 */
#ifndef MT_PROFILE_LINE_TEXTS_H
#define MT_PROFILE_LINE_TEXTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "profile/profile.h"

/* Adds the number of a line, which is not 0. Returns 0 or -MEMTRACK_ENOMEM. */
int mt_line_texts_add(struct mt_profile *profile, mt_string file, int64_t line, uint32_t text);

/* To be called when lines were added, or the numbers of texts have changed: puts them in order. */
void mt_line_texts_sort(struct mt_profile *profile);
/* Makes the numbers of both profiles those of one set. */
void mt_line_texts_join(struct mt_profile *old, struct mt_profile *new);

/* Returns whether the numbers of both are of one set. */
bool mt_line_texts_are_of_one(const struct mt_profile *a, const struct mt_profile *b);

/* Returns the number of a line; 0: it has none. */
uint32_t mt_line_texts_at(const struct mt_profile *profile, mt_string file, int64_t line);

/*
 * The set as a block of bytes, for a page. For each side, the old one first, there are files: the
 * name, NUL, and "LINE=NUMBER LINE=NUMBER …", NUL; behind the last file of a side stands an empty
 * name.
 */

/* Returns 0, and the block in *block (malloc'ed); or -MEMTRACK_ENOMEM. */
int mt_line_texts_write(const struct mt_profile *const profiles[2], char **block, size_t *bytes);

/* Takes the numbers of one side (0: the old one) of a block that may be anything: what is no block
 * has none. Returns 0 or -MEMTRACK_ENOMEM. */
int mt_line_texts_read(struct mt_profile *profile, size_t side, const char *block, size_t bytes);

#endif
