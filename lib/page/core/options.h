/* SPDX-License-Identifier: MIT */
/* The options of a view as the script gives them. */
#ifndef MT_PAGE_CORE_OPTIONS_H
#define MT_PAGE_CORE_OPTIONS_H

#include "page/core/core.h"
#include "view/rows/rows.h"

enum { MT_CORE_PATTERNS = 64 };

struct mt_core_options {
    struct mt_view_options view; /* its patterns are in the text */
    bool sort_given;
    struct mt_at from, to; /* of a range, or of the sides of a comparison */
    bool has_range;
    const char *include[MT_CORE_PATTERNS], *exclude[MT_CORE_PATTERNS], *wrapper[MT_CORE_PATTERNS];
};

/*
 * Reads by, sort, at, from, to, include, exclude, wrapper (each may be repeated), and the flags
 * cumulative, all-frames, keep-std and keep-wrappers, whose value is not looked at. Returns 0, or
 * -MEMTRACK_EUSAGE with mt_core_error filled. text must outlive the options.
 */
int mt_core_options_read(struct mt_core_options *options, const char *text);

/* Returns the frames of the profile, classified for these options: made once for each set of
 * wrappers; NULL: out of memory. */
const struct mt_frames *mt_core_options_frames(struct mt_core_profile *of,
                                               const struct mt_core_options *options);

#endif
