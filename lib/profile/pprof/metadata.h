/* SPDX-License-Identifier: MIT */
/* What a program has said of itself, where pprof has a place for it: private to lib/profile. */
#ifndef MT_PROFILE_PPROF_METADATA_H
#define MT_PROFILE_PPROF_METADATA_H

#include "profile/profile.h"

/* So many keys, those that were set first, are comments and labels; all are in the extension. */
enum { MT_PPROF_METADATA = 16 };

struct mt_pprof_metadata { /* zero-initialized is empty */
    struct {
        const char *key, *value; /* the profile's */
        char *comment;           /* "KEY=VALUE" */
        bool is_label; /* samples have it, too: it is of all of them, and no label of ours */
    } items[MT_PPROF_METADATA];
    size_t n;
};

/* Returns 0 or -MEMTRACK_ENOMEM; to be freed in either case. */
int mt_pprof_metadata_make(struct mt_pprof_metadata *metadata, const struct mt_profile *profile);
void mt_pprof_metadata_free(struct mt_pprof_metadata *metadata);

#endif
