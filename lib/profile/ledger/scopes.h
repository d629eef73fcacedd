/* SPDX-License-Identifier: MIT */
/* Private to lib/profile: what a ledger holds of scopes, marks and counters. */
#ifndef MT_PROFILE_LEDGER_SCOPES_H
#define MT_PROFILE_LEDGER_SCOPES_H

#include "profile/ledger/labels.h"
#include "profile/ledger/threads.h"

/* Fills info.scopes, and adds the program's own marks to info.marks. Returns 0 or -MEMTRACK_E….
 * Nothing of this is of one instant: totals change while they are read, and events that were
 * overwritten meanwhile are left out. */
int mt_ledger_scopes_take(struct mt_ledger *ledger, struct mt_ledger_labels *names,
                          const struct mt_ledger_threads *threads);

#endif
