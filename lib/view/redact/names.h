/* SPDX-License-Identifier: MIT */
/* Names in the place of paths. Private to lib/view. */
#ifndef MT_VIEW_REDACT_NAMES_H
#define MT_VIEW_REDACT_NAMES_H

#include "profile/profile.h"

struct mt_redact_name {
    const char *path; /* the profile's */
    const char *root; /* what stands before the base, see names.c */
    char *name;       /* what the path is called from now on */
};

struct mt_redact_names { /* sorted by path */
    struct mt_redact_name *items;
    size_t n;
};

/* What the modules and source files of a profile are called. */
struct mt_redact_paths {
    struct mt_redact_names modules, files;
};

/* Finds names for all of them. Returns 0 or -MEMTRACK_ENOMEM; free it either way. */
int mt_redact_names_init(struct mt_redact_paths *paths, const struct mt_profile *profile);
void mt_redact_names_free(struct mt_redact_paths *paths);

/* Returns the name of a path, or the path's last part when it is none of the profile's. */
const char *mt_redact_names_of(const struct mt_redact_names *names, const char *path);

#endif
