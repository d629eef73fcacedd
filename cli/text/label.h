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
    const char *folder; /* paths are shown relative to this (the current directory); NULL: none */
    char *root; /* and then without this, see roots.h; NULL or "": none. The owner frees it */
    size_t shared_inner, shared_outer; /* of call paths in one line: the frames that all have */
};

/* Makes a text fit into so many columns: one of the ways of view/format/format.h. */
typedef char *mt_shorten(const char *text, size_t columns, const char *ellipsis);

/* Returns the path without the folder and the root that it begins with. It points into path. */
const char *mt_label_relative(const struct mt_labels *labels, const char *path);

/* Returns the text, safe for a terminal and at most columns wide, malloc'ed. NULL: out of
 * memory. */
char *mt_label_fit(const struct mt_labels *labels, const char *text, size_t columns,
                   mt_shorten *shorten);

/* A frame or a line of source as a place and its function. */
struct mt_label_pair {
    char *place, *function; /* malloc'ed; function is "" when the place says it */
    bool is_beside;         /* both fit on one line, with MT_LABEL_GAP between them */
};
enum { MT_LABEL_GAP = 2 };

/* Makes both fit: side by side when they can, for which the path is cut from the left down to the
 * file and the function loses its parameters; else each to a line of its own, the function in
 * MT_LABEL_GAP columns less. was: what follows the place, such as " (was :4)", or "". NULL pointers
 * in the result: out of memory. */
struct mt_label_pair mt_label_pair(const struct mt_labels *labels, const struct mt_row_frame *frame,
                                   const char *was, size_t columns);
void mt_label_pair_free(struct mt_label_pair *pair);

/* Returns whether it is the file of the program itself, which rows need not name. */
bool mt_label_is_program(const struct mt_profile *profile, mt_string module);

/* Returns the frame's key in that width, malloc'ed; of "function+0x1f (module)" the function alone
 * is shortened. NULL: out of memory. */
char *mt_label_place(const struct mt_labels *labels, const struct mt_row_frame *frame,
                     size_t columns);

#endif
