/* SPDX-License-Identifier: MIT */
/* Watching a running process and all that descend from it, among them those that are started
 * meanwhile. */
#ifndef MT_WATCH_WATCH_TREE_H
#define MT_WATCH_WATCH_TREE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "profile/profile.h"

/*
 * Watches for at most for_ns, until none of them runs or a signal arrives, with a tick of each every
 * interval_ns. *profiles are the n profiles of those that were recorded, with these ticks, malloc'ed
 * as the array is. Returns 0, an error of mt_live_tree_find, or -MEMTRACK_ENOTFOUND when none is
 * recorded.
 */
int mt_watch_tree_profiles(pid_t pid, uint64_t for_ns, uint64_t interval_ns,
                           struct mt_profile ***profiles, size_t *n, struct mt_error *error);

#endif
