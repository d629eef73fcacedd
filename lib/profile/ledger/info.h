/* SPDX-License-Identifier: MIT */
/* Private to lib/profile: the part of a ledger that becomes struct mt_profile_info. */
#ifndef MT_PROFILE_LEDGER_INFO_H
#define MT_PROFILE_LEDGER_INFO_H

#include "base/error.h"
#include "ledger/ledger.h"
#include "profile/profile.h"

/* Reads identity, flags, allocator and coverage counts into profile->info. Returns 0 or
 * -MEMTRACK_E…. */
int mt_ledger_info_take(struct mt_ledger *ledger, struct mt_profile *profile,
                        struct mt_error *error);

#endif
