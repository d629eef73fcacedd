/* SPDX-License-Identifier: MIT */
/* Names from a profile, escaped and made to fit: what tables and the live view print of files,
 * functions and frames. */
#ifndef MT_CLI_NAMING_H
#define MT_CLI_NAMING_H

#include <stdbool.h>
#include <stddef.h>

#include "view/rows/rows.h"

struct mt_naming {
    const struct mt_profile *profile;
    bool utf8;
    bool full; /* nothing is shortened */
    const char *ellipsis;
    const char *folders[2]; /* paths are shown relative to these, "" for none */
};

/* One of the ways of view/format.h. */
typedef char *mt_shorten(const char *text, size_t columns, const char *ellipsis);

/* The path without the folder that it begins with. Points into path. */
const char *mt_naming_relative(const struct mt_naming *naming, const char *path);

/* Safe for a terminal and at most columns wide. malloc'ed, NULL: out of memory. */
char *mt_naming_fit(const struct mt_naming *naming, const char *text, size_t columns,
                    mt_shorten *shorten);

/* The frame's key in that width; of "function+0x1f (module)" the function alone is shortened.
 * malloc'ed or NULL. */
char *mt_naming_place(const struct mt_naming *naming, const struct mt_row_frame *frame,
                      size_t columns);

#endif
