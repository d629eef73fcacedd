/* SPDX-License-Identifier: MIT */
/* Private to lib/profile: the threads of a ledger, with what each is called. */
#ifndef MT_PROFILE_LEDGER_THREADS_H
#define MT_PROFILE_LEDGER_THREADS_H

#include "ledger/ledger.h"
#include "profile/profile.h"

/* These are the threads of a ledger, each with its text; and the text of the thread that each
 * bank belongs to, or last belonged to. */
struct mt_ledger_threads {
    mt_string *text; /* of n_threads */
    size_t n_threads;
    mt_string *text_of_bank; /* of n_banks */
    size_t n_banks;
};

/* Fills in threads and profile->info.threads, whose former contents are freed. Returns 0 or
 * -MEMTRACK_ENOMEM. */
int mt_ledger_threads_take(struct mt_ledger *ledger, struct mt_profile *profile,
                           struct mt_ledger_threads *threads);
void mt_ledger_threads_free(struct mt_ledger_threads *threads);

/* Returns "" for an id that is none. */
static inline mt_string mt_ledger_threads_text(const struct mt_ledger_threads *threads, size_t id) {
    return id < threads->n_threads ? threads->text[id] : 0;
}
static inline mt_string mt_ledger_threads_of_bank(const struct mt_ledger_threads *threads,
                                                  size_t bank) {
    return bank < threads->n_banks ? threads->text_of_bank[bank] : 0;
}

#endif
