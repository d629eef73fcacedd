/* SPDX-License-Identifier: MIT */
/* Private to lib/profile: the part of a ledger that becomes struct mt_profile_info. */
#ifndef MT_PROFILE_LEDGER_INFO_H
#define MT_PROFILE_LEDGER_INFO_H

#include "base/error.h"
#include "ledger/ledger.h"
#include "profile/profile.h"

/* Identity, flags, allocator and coverage counts into profile->info. 0 or -MEMTRACK_E…. */
int mt_ledger_info_take(struct mt_ledger *ledger, struct mt_profile *profile,
                        struct mt_error *error);

/* The threads of a ledger, each with its text; and the text of the thread that each bank belongs
 * to, or did last. */
struct mt_ledger_threads {
    mt_string *text; /* of n_threads */
    size_t n_threads;
    mt_string *text_of_bank; /* of n_banks */
    size_t n_banks;
};

/* Fill in threads and profile->info.threads, whose former contents are freed. 0 or
 * -MEMTRACK_ENOMEM. */
int mt_ledger_threads_take(struct mt_ledger *ledger, struct mt_profile *profile,
                           struct mt_ledger_threads *threads);
void mt_ledger_threads_free(struct mt_ledger_threads *threads);

/* "" of an id that is none. */
static inline mt_string mt_ledger_threads_text(const struct mt_ledger_threads *threads, size_t id) {
    return id < threads->n_threads ? threads->text[id] : 0;
}
static inline mt_string mt_ledger_threads_of_bank(const struct mt_ledger_threads *threads,
                                                  size_t bank) {
    return bank < threads->n_banks ? threads->text_of_bank[bank] : 0;
}

/* Say in sentences what the figures leave out. Called last: reads totals and coverage. 0 or
 * -MEMTRACK_ENOMEM. */
int mt_ledger_info_notes(const struct mt_ledger *ledger, const struct mt_ledger_totals *counts,
                         struct mt_profile *profile);

/* What one recorded block of a call path stands for, with this many bytes between samples on
 * average (0: every block was recorded, 1 is returned). */
double mt_ledger_sampling_scale(uint64_t period, uint64_t allocated_bytes,
                                uint64_t allocated_blocks);

#endif
