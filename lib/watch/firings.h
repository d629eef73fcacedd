/* SPDX-License-Identifier: MIT */
/* What the conditions have come to on one process: which hold now, and which have fired when. */
#ifndef MT_WATCH_FIRINGS_H
#define MT_WATCH_FIRINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "profile/profile.h"
#include "watch/condition.h"
#include "watch/limit.h"

struct mt_firings_mark {
    uint64_t time_ns;
    const char *name; /* of the condition, as it was given */
};

struct mt_firings {
    struct mt_condition_watch *watches; /* one per condition */
    size_t *n_fired;                    /* how often, one per condition */
    struct mt_firings_mark *marks;
    size_t n_marks;
    struct mt_limit limit; /* of the process's memory; set by who looks for it */
    bool has_looked;       /* the limit has been looked for */
};

/* Begins with nothing fired. The texts of the conditions must outlive what is returned. NULL: out
 * of memory. */
struct mt_firings *mt_firings_new(const struct mt_condition *conditions, size_t n);
void mt_firings_free(struct mt_firings *firings); /* NULL is fine */

/* Adds a mark to the time axis, where there is memory for it. */
void mt_firings_mark(struct mt_firings *firings, uint64_t time_ns, const char *name);

/* Puts the marks into the profile of this process. firings may be NULL. Returns 0 or
 * -MEMTRACK_ENOMEM. */
int mt_firings_apply(const struct mt_firings *firings, struct mt_profile *profile);

#endif
