/* SPDX-License-Identifier: MIT */
/* Private to lib/profile: the part of a ledger that becomes struct mt_profile_info. */
#ifndef MT_PROFILE_LEDGER_INFO_H
#define MT_PROFILE_LEDGER_INFO_H

#include "base/error.h"
#include "ledger/reader.h"
#include "profile/profile.h"

/* Identity, flags, allocator and coverage counts into profile->info. 0 or -MEMTRACK_E…. */
int mt_ledger_info_take(struct mt_ledger *ledger, struct mt_profile *profile, struct mt_error *error);

/* threads, and the text of each bank in thread_of_bank (n_banks entries, set by this). 0 or -MEMTRACK_ENOMEM. */
int mt_ledger_info_threads(const struct mt_bank *banks, size_t n_banks, struct mt_profile *profile,
                           mt_string *thread_of_bank);

/* Say in sentences what the figures leave out. Called last: reads totals and coverage. 0 or -MEMTRACK_ENOMEM. */
int mt_ledger_info_notes(const struct mt_ledger *ledger, const struct mt_ledger_totals *counts,
                         struct mt_profile *profile);

/* What one recorded block of a call path stands for, with this many bytes between samples on average (0: every block
 * was recorded, 1 is returned). */
double mt_ledger_sampling_scale(uint64_t period, uint64_t allocated_bytes, uint64_t allocated_blocks);

#endif
