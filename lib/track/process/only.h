/* SPDX-License-Identifier: MIT */
/* Which programs of a run are recorded. */
#ifndef MT_TRACK_ONLY_H
#define MT_TRACK_ONLY_H

#include <stdbool.h>

#include "base/os.h"

/* Tells whether the program of this process matches one of the patterns (base/glob.h), which is
 * compared with the path of its file, the name of that, and the name that it was called by.
 * called: the first word of its command; NULL: not known. "" is no pattern, and matches all. */
MT_HIDDEN bool mt_only_wants(const char *patterns, const char *called);

#endif
