/* SPDX-License-Identifier: MIT */
/* Private to lib/profile: a program's own figures, and what it has said of itself. */
#ifndef MT_PROFILE_LEDGER_OWN_H
#define MT_PROFILE_LEDGER_OWN_H

#include "profile/ledger/labels.h"

/* Appends to info.scopes and info.metadata of the profile of names. To be called when the events of
 * the ledger are there. Returns 0 or -MEMTRACK_ENOMEM. */
int mt_ledger_own_take(struct mt_ledger *ledger, struct mt_ledger_labels *names);

#endif
