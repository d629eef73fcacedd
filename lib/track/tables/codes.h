/* SPDX-License-Identifier: MIT */
/* Functions of interpreted code get small numbers here: see struct mt_code. Any thread may ask. */
#ifndef MT_TRACK_CODES_H
#define MT_TRACK_CODES_H

#include "base/os.h"
#include "ledger/layout.h"

/* Forgets all codes, in a new process. */
MT_HIDDEN void mt_codes_start(void);

/* Returns the one id of a code with these texts, which are anywhere, and this first line; makes it
 * if need be. 0 when there is no room. */
MT_HIDDEN mt_code_id mt_codes_find(const struct mt_code *wanted);

#ifdef MEMTRACK_CHECKS
/* See track/check.h. */
MT_HIDDEN const char *mt_codes_check(void);
#endif

#endif
