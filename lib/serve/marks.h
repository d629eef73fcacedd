/* SPDX-License-Identifier: MIT */
/* Moments that somebody who looks on has given a name. A running process is not told of them: they
 * are kept here, and put into the profiles that are made of it. By one thread. */
#ifndef MT_SERVE_MARKS_H
#define MT_SERVE_MARKS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "export/export.h"
#include "profile/profile.h"

enum { MT_MARKS_MOST = 1000, MT_MARKS_NAME_BYTES = 200 };

struct mt_marks {                        /* zero-initialized is empty */
    struct mt_export_served_mark *items; /* by time */
    size_t n, capacity;
    size_t n_made; /* for numbers, also when older ones have been forgotten */
};

/* Adds a mark at time_ns since the start of the recording. A name that is NULL or "" becomes a
 * number; a longer one than MT_MARKS_NAME_BYTES is cut. Returns 0, -MEMTRACK_EUSAGE (there are
 * MT_MARKS_MOST) or -MEMTRACK_ENOMEM. */
int mt_marks_add(struct mt_marks *marks, uint64_t time_ns, uint64_t live_bytes, const char *name,
                 struct mt_error *error);
void mt_marks_clear(struct mt_marks *marks); /* forgets all, frees all */

/* Puts them into a profile of the process. Returns 0 or -MEMTRACK_ENOMEM. */
int mt_marks_apply(const struct mt_marks *marks, struct mt_profile *profile);

#endif
