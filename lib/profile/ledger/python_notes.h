/* SPDX-License-Identifier: MIT */
/* Private to lib/profile: what the recording of a Python program could not see, in sentences. */
#ifndef MT_PROFILE_LEDGER_PYTHON_NOTES_H
#define MT_PROFILE_LEDGER_PYTHON_NOTES_H

#include "ledger/ledger.h"
#include "profile/profile.h"

/* Adds the notes; profile->info.command is known. Returns 0 or -MEMTRACK_ENOMEM. */
int mt_ledger_python_notes_add(const struct mt_ledger *ledger,
                               const struct mt_ledger_totals *counts, struct mt_profile *profile);

#endif
