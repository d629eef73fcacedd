/* SPDX-License-Identifier: MIT */
/* Private to lib/profile: what the figures of a recording leave out, in sentences. */
#ifndef MT_PROFILE_LEDGER_NOTES_H
#define MT_PROFILE_LEDGER_NOTES_H

#include "ledger/ledger.h"
#include "profile/profile.h"

/* Appends the notes to the profile. Called last: reads totals and coverage. 0 or
 * -MEMTRACK_ENOMEM. */
int mt_ledger_notes_add(const struct mt_ledger *ledger, const struct mt_ledger_totals *counts,
                        struct mt_profile *profile);

#endif
