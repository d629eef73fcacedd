/* SPDX-License-Identifier: MIT */
/* Private to lib/profile: what a ledger's lines did, as part of a profile. */
#ifndef MT_PROFILE_LEDGER_LINES_H
#define MT_PROFILE_LEDGER_LINES_H

#include "profile/ledger/paths.h"

/* Adds to profile->info.lines what the ledger has recorded of lines, with the paths of the
 * conversion. Returns 0 or -MEMTRACK_E…. */
int mt_ledger_lines_take(struct mt_ledger *ledger, struct mt_ledger_paths *paths);

#endif
