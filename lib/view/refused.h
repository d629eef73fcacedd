/* SPDX-License-Identifier: MIT */
/* What is to be said of allocations that a limit has refused (info.refused). Once locations have
 * names. */
#ifndef MT_VIEW_REFUSED_H
#define MT_VIEW_REFUSED_H

#include "profile/profile.h"

/* Adds a note, unless there was none. Returns 0 or -MEMTRACK_ENOMEM. */
int mt_refused_note(struct mt_profile *profile);

/* Returns the call path of the first one, a frame a line ("  grow (peak.c:12)\n"), innermost first.
 * malloc'ed; NULL: it is not known, or there is no memory. Names are as they are: escape them. */
char *mt_refused_stack(const struct mt_profile *profile);

#endif
