/* SPDX-License-Identifier: MIT */
/* Which libraries go into the target, and where they are. */
#ifndef MT_LAUNCH_PRELOAD_H
#define MT_LAUNCH_PRELOAD_H

#include "base/error.h"
#include "launch/session.h"
#include "launch/target.h"

/*
 * Gives in *list, malloc'ed, what LD_PRELOAD is to begin with: the tracker, its objects for the own
 * APIs of jemalloc and mimalloc (when the target uses them) and for mmap (when asked for), and
 * after them the allocator (a name or a path; NULL: none was asked for). Paths that LD_PRELOAD
 * cannot express get a link in the session directory. Returns 0, -MEMTRACK_ENOTFOUND,
 * -MEMTRACK_EUSAGE or -MEMTRACK_ENOMEM.
 */
int mt_preload_plan(const struct mt_target *target, const char *allocator, bool with_mmap,
                    const struct mt_session *session, char **list, struct mt_error *error);

#endif
