/* SPDX-License-Identifier: MIT */
/*
 * A running process as a profile that is kept up to date: each reading takes what changed since the
 * last one and adds what is new. For those who look ten times a second, where converting the whole
 * ledger would cost far more than what happened in between.
 *
 * Columns: live and total (bytes, blocks), temporary blocks. Their values are those of one reading
 * each, which takes a moment: no cut, so that rows may disagree about the events under way. What
 * only grows in a ledger (nodes, modules, banks) only grows here; indexes stay valid.
 */
#ifndef MT_PROFILE_LEDGER_FOLLOW_H
#define MT_PROFILE_LEDGER_FOLLOW_H

#include "base/error.h"
#include "ledger/ledger.h"
#include "profile/profile.h"

struct mt_follow; /* opaque */

/* Begins to follow a ledger, which must outlive it and be used by nobody else meanwhile. No
 * record has been read yet. Errors: EIO, ENOMEM. */
int mt_follow_new(struct mt_ledger *ledger, struct mt_follow **out, struct mt_error *error);
void mt_follow_free(struct mt_follow *follow); /* NULL is fine; the profile goes with it */

/*
 * Goes on reading records where the last call stopped, until a pass over all of them is complete or
 * about budget_ns of processor time are spent (0: no limit); at least one chunk is read. *complete
 * says that the pass ended with this call. Errors: EIO, EFORMAT (the file has shrunk), ENOMEM,
 * ELIMIT; what was read before stays.
 */
int mt_follow_read(struct mt_follow *follow, uint64_t budget_ns, bool *complete,
                   struct mt_error *error);

/* Returns the profile. Only mt_follow_read adds samples and locations to it, and never changes
 * the lines of a location. */
struct mt_profile *mt_follow_profile(struct mt_follow *follow);

/* Returns a number that changes when samples were added, or when their labels changed: then rows
 * that were built from them are out of date. */
uint64_t mt_follow_generation(const struct mt_follow *follow);

#endif
