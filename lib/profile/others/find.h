/* SPDX-License-Identifier: MIT */
/* The formats of other tools that are not pprof's, by content; private to lib/profile. */
#ifndef MT_PROFILE_OTHERS_FIND_H
#define MT_PROFILE_OTHERS_FIND_H

#include "base/error.h"
#include "profile/inflate.h"
#include "profile/profile.h"

/* Reads a stream to its end into *out, which is the caller's to free; NULL on an error. */
typedef int mt_others_read(struct mt_inflate *in, const char *name, struct mt_profile **out,
                           struct mt_error *error);

/* Returns what reads the stream, of which nothing has been taken; NULL when it is none of these.
 * name: of the file, which counts where the content has no mark. Nothing is taken. */
mt_others_read *mt_others_find(struct mt_inflate *in, const char *name);

#endif
