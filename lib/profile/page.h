/* SPDX-License-Identifier: MIT */
/* The profiles in a page that memtrack wrote (lib/page); private to lib/profile, but for the part. */
#ifndef MT_PROFILE_PAGE_H
#define MT_PROFILE_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "profile/inflate.h"
#include "profile/profile.h"

/* Which profile of a page: that of a page of one, or a side of a comparison. */
enum mt_profile_page_part { MT_PAGE_ONLY, MT_PAGE_OLD, MT_PAGE_NEW };

/* Returns how much of the path is the page's in "PAGE#old" and "PAGE#new", and sets *part; a file of
 * the very name comes first, and what ends with neither is a page, if at all, of one. */
size_t mt_profile_page_path(const char *path, enum mt_profile_page_part *part);

/* Returns whether a file that begins so is HTML. */
bool mt_profile_page_is_html(const uint8_t *head, size_t bytes);

struct mt_profile_page {
    uint8_t *html; /* the whole file, malloc'ed; the caller's to free */
    size_t n_html;
    bool is_packed;   /* the file is */
    uint8_t *profile; /* the file that was put into the page, within html; NULL: there is none */
    size_t n_profile;
};

/* Takes the stream to its end, and the profile out of it. A page without one is no error. Returns 0;
 * -MEMTRACK_EFORMAT when the page has not that part, or two and none was chosen, or it is damaged;
 * -MEMTRACK_ENOMEM, or an error of the stream. html is set, or NULL, in any case. */
int mt_profile_page_take(struct mt_inflate *in, const char *name, enum mt_profile_page_part part,
                         struct mt_profile_page *page, struct mt_error *error);

/* Adds what the page knows of the lines of a comparison to the side that was taken out of it. A page
 * that knows nothing is no error. Returns 0, -MEMTRACK_EFORMAT (damaged) or -MEMTRACK_ENOMEM. */
int mt_profile_page_add_lines(const struct mt_profile_page *page, const char *name,
                              enum mt_profile_page_part part, struct mt_profile *profile,
                              struct mt_error *error);

#endif
