/* SPDX-License-Identifier: MIT */
/* The allocation that was refused first, and its call path. */
#ifndef MT_PROFILE_LEDGER_REFUSED_H
#define MT_PROFILE_LEDGER_REFUSED_H

#include "profile/ledger/paths.h"

/* Fills paths->profile->info.refused. Returns 0 or an error of mt_ledger_paths_frames. */
int mt_ledger_refused_take(struct mt_ledger_paths *paths);

#endif
