/* SPDX-License-Identifier: MIT */
/* Calls of functions that are scopes as a pprof file of their own. */
#ifndef MT_PROFILE_PPROF_CALL_TREE_H
#define MT_PROFILE_PPROF_CALL_TREE_H

#include "base/error.h"
#include "profile/profile.h"

/*
 * Writes it to fd, which stays open: a sample for each path of calls, with what its innermost
 * function took by itself (calls, time, allocated bytes and blocks, net bytes), so that what viewers
 * add up to inclusive figures is right under recursion, too. A path that was cut has the frame "..."
 * outermost. -MEMTRACK_EIO, -MEMTRACK_ENOMEM.
 */
int mt_pprof_call_tree_write(const struct mt_profile *profile, int fd, struct mt_error *error);

#endif
