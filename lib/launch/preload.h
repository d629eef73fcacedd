/* SPDX-License-Identifier: MIT */
/* Which libraries go into the target, and where they are. */
#ifndef MT_LAUNCH_PRELOAD_H
#define MT_LAUNCH_PRELOAD_H

#include "base/error.h"
#include "launch/session.h"
#include "launch/target.h"

/*
 * What LD_PRELOAD is to begin with: the tracker, its objects for jemalloc's own API (when the
 * target uses it) and for mmap (when asked for), and the allocator (NULL: none asked for; a name or
 * a path) after them. *list is malloc'ed. Paths that LD_PRELOAD cannot express get a link in the
 * session directory. -MEMTRACK_ENOTFOUND, -MEMTRACK_EUSAGE, -MEMTRACK_ENOMEM.
 */
int mt_preload_plan(const struct mt_target *target, const char *allocator, bool with_mmap,
                    const struct mt_session *session, char **list, struct mt_error *error);

#endif
