/* SPDX-License-Identifier: MIT */
/* What a program has said of itself, out of its ledger and without its allocations. */
#ifndef MT_PROFILE_LEDGER_SAID_H
#define MT_PROFILE_LEDGER_SAID_H

#include "ledger/ledger.h"
#include "profile/profile.h"

/* Makes a profile of scopes, counters and marks alone; their times are since the start of the
 * recording. *out is NULL when there are none. Returns 0 or -MEMTRACK_E…. */
int mt_ledger_said_take(struct mt_ledger *ledger, struct mt_profile **out);

#endif
