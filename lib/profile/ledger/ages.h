/* SPDX-License-Identifier: MIT */
/* When the live blocks of a ledger were allocated. */
#ifndef MT_PROFILE_LEDGER_AGES_H
#define MT_PROFILE_LEDGER_AGES_H

#include "base/error.h"
#include "ledger/ledger.h"
#include "profile/profile.h"

/* Fills info.ages. Call mt_ledger_info_take before. The process may run on. Returns 0,
 * -MEMTRACK_ENOMEM, -MEMTRACK_EIO or -MEMTRACK_EFORMAT. */
int mt_ledger_ages_take(struct mt_ledger *ledger, struct mt_profile *profile,
                        struct mt_error *error);

#endif
