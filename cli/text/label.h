/* SPDX-License-Identifier: MIT */
/* Names from a profile, escaped and made to fit: what tables and the live view print of files,
 * functions and frames. */
#ifndef MT_CLI_TEXT_LABEL_H
#define MT_CLI_TEXT_LABEL_H

#include <stdbool.h>
#include <stddef.h>

#include "view/rows/rows.h"

struct mt_labels {
    const struct mt_profile *profile;
    bool utf8;
    bool full; /* nothing is shortened */
    const char *ellipsis;
    const char *folders[2]; /* paths are shown relative to these, "" for none */
};

/* Makes a text fit into so many columns: one of the ways of view/format/format.h. */
typedef char *mt_shorten(const char *text, size_t columns, const char *ellipsis);

/* Returns the path without the folder of labels that it begins with. It points into path. */
const char *mt_label_relative(const struct mt_labels *labels, const char *path);

/* Returns the text, safe for a terminal and at most columns wide, malloc'ed. NULL: out of
 * memory. */
char *mt_label_fit(const struct mt_labels *labels, const char *text, size_t columns,
                   mt_shorten *shorten);

/* Returns the frame's key in that width, malloc'ed; of "function+0x1f (module)" the function alone
 * is shortened. NULL: out of memory. */
char *mt_label_place(const struct mt_labels *labels, const struct mt_row_frame *frame,
                     size_t columns);

#endif
