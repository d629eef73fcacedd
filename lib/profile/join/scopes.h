/* SPDX-License-Identifier: MIT */
/* What several processes measured of themselves, in one profile. Private to profile/join. */
#ifndef MT_PROFILE_JOIN_SCOPES_H
#define MT_PROFILE_JOIN_SCOPES_H

#include <stdbool.h>
#include <stdint.h>

#include "profile/merge.h"

/* Appends the scopes and counters of a process that began at start_ns (since the epoch): their
 * times are since the epoch until mt_join_scopes_finish. apart: the process stands behind each name.
 * Returns 0, -MEMTRACK_ENOMEM or -MEMTRACK_ELIMIT. */
int mt_join_scopes_add(const struct mt_merge_added *added, uint64_t start_ns, bool apart);
/* Makes the times those since origin_ns, and puts what has an order into it. */
void mt_join_scopes_finish(uint64_t origin_ns, struct mt_profile *into);
/* Appends the threads of a process. Returns 0 or -MEMTRACK_ENOMEM. */
int mt_join_scopes_add_threads(const struct mt_merge_added *added);

#endif
