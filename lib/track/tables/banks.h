/* SPDX-License-Identifier: MIT */
/* Banks hold what threads have counted, where readers see it: see struct mt_bank. */
#ifndef MT_TRACK_BANKS_H
#define MT_TRACK_BANKS_H

#include "base/os.h"
#include "ledger/layout.h"

/* Forgets all banks, in a new process. */
MT_HIDDEN void mt_banks_start(void);

/* Makes room for bank id, the one after the last. The caller has the growth lock. Returns false
 * when there is no room. */
MT_HIDDEN bool mt_banks_reserve(mt_bank_id id);

/* Returns the bank with this id, which lies below header.n_banks. */
MT_HIDDEN struct mt_bank *mt_banks_at(mt_bank_id id);

#ifdef MEMTRACK_CHECKS
/* See track/check.h. */
MT_HIDDEN const char *mt_banks_check(bool alone);
#endif

#endif
