/* SPDX-License-Identifier: MIT */
/* Banks: what threads have counted, where readers see it. See struct mt_bank. */
#ifndef MT_TRACK_BANKS_H
#define MT_TRACK_BANKS_H

#include "base/os.h"
#include "ledger/layout.h"

/* In a new process: there is none. */
MT_HIDDEN void mt_banks_start(void);

/* Room for bank id, the one after the last. Under the growth lock. False: there is none. */
MT_HIDDEN bool mt_banks_reserve(mt_bank_id id);

/* id lies below header.n_banks. */
MT_HIDDEN struct mt_bank *mt_banks_at(mt_bank_id id);

#ifdef MEMTRACK_CHECKS
/* See track/check.h. */
MT_HIDDEN const char *mt_banks_check(bool alone);
#endif

#endif
