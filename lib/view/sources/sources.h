/* SPDX-License-Identifier: MIT */
/* The text of the source files that a profile is about, to be taken along in a page. */
#ifndef MT_VIEW_SOURCES_SOURCES_H
#define MT_VIEW_SOURCES_SOURCES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "profile/profile.h"
#include "view/rows/rows.h"
#include "view/source.h"

enum { MT_SOURCES_FILE_BYTES = 1 << 20, MT_SOURCES_BYTES = 32 << 20 };

struct mt_sources_file {
    char *path; /* as the profile has it */
    char *text; /* NUL-terminated, without any other NUL; any encoding */
    size_t bytes;
    bool is_newer; /* changed since the program was built */
    bool is_cut;   /* at the end of a line, below MT_SOURCES_FILE_BYTES */
};

struct mt_sources {
    struct mt_sources_file *items; /* those that hold most come first */
    size_t n, bytes;
    size_t n_missing;  /* have figures, and are not on this machine or not to be read */
    size_t n_left_out; /* had no room any more below MT_SOURCES_BYTES */
};

/*
 * Reads the files of somebody's own lines (not of libraries that views pass over) that have figures
 * in a report of these options, their own or of what they called; those with the most of the
 * options' column first, and own figures before others. by and cumulative of the options do not
 * matter. Only regular files of text. Returns 0, or -MEMTRACK_ENOMEM and what mt_rows_build
 * returns; free it either way.
 */
int mt_sources_collect(const struct mt_profile *profile, const struct mt_view_options *options,
                       struct mt_source *source, struct mt_sources *out, struct mt_error *error);
void mt_sources_free(struct mt_sources *sources);

/* Returns what has to be said beside the text, a sentence; "" when there is nothing. */
const char *mt_sources_note(const struct mt_sources_file *file);

#endif
