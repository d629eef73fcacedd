/* SPDX-License-Identifier: MIT */
/*
 * The samples of several sources as those of one profile, which grows with them: what has a place
 * in it keeps it. Private to the model of `memtrack top`.
 */
#ifndef MT_CLI_TOP_JOINED_H
#define MT_CLI_TOP_JOINED_H

#include "profile/merge.h"
#include "top/source.h"

struct mt_top_joined; /* opaque */

/* Returns NULL when out of memory. */
struct mt_top_joined *mt_top_joined_new(const struct mt_merge_keep *keep);
void mt_top_joined_free(struct mt_top_joined *joined); /* NULL is fine */

/* Tells whether the source has something that has no place yet and could have one: addresses get
 * theirs by their names, so it waits until all have been looked up. */
bool mt_top_joined_lacks(const struct mt_top_source *source);
/* Gives it its places. Returns 0, -MEMTRACK_ENOMEM or -MEMTRACK_ELIMIT; then it can only be
 * freed. */
int mt_top_joined_add(struct mt_top_joined *joined, struct mt_top_source *source);

/* Makes the values of the profile those that the sources have now. */
void mt_top_joined_sum(struct mt_top_joined *joined, struct mt_top_source *const *sources,
                       size_t n);

/* Returns the profile, NULL while nothing was added. */
struct mt_profile *mt_top_joined_profile(const struct mt_top_joined *joined);

#endif
