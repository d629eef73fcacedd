/* SPDX-License-Identifier: MIT */
/* Private to lib/profile: what a ledger holds of calls between functions that are scopes. */
#ifndef MT_PROFILE_LEDGER_CALLS_H
#define MT_PROFILE_LEDGER_CALLS_H

#include "profile/ledger/labels.h"

/* Fills info.scopes.calls, threads added up, with what is of least_epoch or later: what is older has
 * been forgotten. Returns 0 or -MEMTRACK_E…. Calls go on while they are read. */
int mt_ledger_calls_take(struct mt_ledger *ledger, struct mt_ledger_labels *names,
                         uint64_t least_epoch);

#endif
