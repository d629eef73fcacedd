/* SPDX-License-Identifier: MIT */
/* Caches of the program as a table: what they have answered, how fast, and what they hold. */
#ifndef MT_VIEW_SCOPES_CACHES_H
#define MT_VIEW_SCOPES_CACHES_H

#include "view/scopes/rows.h"

struct mt_cache_row {
    mt_string name;
    uint64_t hits, misses;
    struct mt_scope_statistic hit_ns, miss_ns;
    bool has_size; /* the program has said how many bytes it holds: as it said last, and at most */
    int64_t size_bytes, highest_bytes;
};

/* Returns hits of all answers, from 0 to 1; 0 when there were none. */
double mt_caches_hit_rate(const struct mt_cache_row *row);

/* Makes the rows, in the order of names; *out is freed with free. Returns how many there are, or
 * -MEMTRACK_ENOMEM. */
int64_t mt_caches_build(const struct mt_scopes_rows *rows, struct mt_cache_row **out);

#endif
