/* SPDX-License-Identifier: MIT */
/* The patterns of wrappers that belong to a profile, beside those that a view was given: what was
 * an allocator's to the one who recorded it is one to whoever reads it. */
#ifndef MT_VIEW_ROWS_PATTERNS_H
#define MT_VIEW_ROWS_PATTERNS_H

#include "profile/profile.h"
#include "view/rows/wrappers.h"

struct mt_patterns {
    struct mt_wrapper_options options; /* those given, with the patterns of all */
    const char **own;                  /* private: the patterns, when they are not the given ones */
};

/* Joins the options with what the n profiles have stored. Patterns stay those of the options and
 * of the profiles, which must outlive them. Returns 0 or -MEMTRACK_ENOMEM; free it either way. */
int mt_patterns_join(struct mt_patterns *patterns, const struct mt_wrapper_options *given,
                     const struct mt_profile *const *profiles, size_t n);
void mt_patterns_free(struct mt_patterns *patterns);

/* Stores the patterns in a profile that is to be written. Returns 0, -MEMTRACK_ENOMEM, or
 * -MEMTRACK_ELIMIT when some had no room. */
int mt_patterns_store(struct mt_profile *profile, const struct mt_wrapper_options *wrappers);

#endif
