/* SPDX-License-Identifier: MIT */
/* Some of a profile's scopes, by name. */
#ifndef MT_VIEW_SCOPES_FILTER_H
#define MT_VIEW_SCOPES_FILTER_H

#include <stdbool.h>
#include <stddef.h>

#include "profile/profile.h"
#include "view/scopes/rows.h"

/* Patterns are shell wildcards. A name passes when one of the including patterns matches, or
 * there is none, and no excluding one does. */
struct mt_scopes_filter {
    const char *const *include, *const *exclude;
    size_t n_include, n_exclude;
    uint64_t slower_ns, larger_bytes; /* events: at least so long, and with at least this peak */
};

bool mt_scopes_filter_passes(const struct mt_scopes_filter *filter, const char *name);
/* Leaves out, in place, the events of scopes that do not pass, and the open ones among them.
 * Marks and counters stay. */
void mt_scopes_filter_profile(const struct mt_scopes_filter *filter, struct mt_profile *profile);
/* Leaves out the rows that do not pass, in place. */
void mt_scopes_filter_rows(const struct mt_scopes_filter *filter, struct mt_scopes_rows *rows);

#endif
