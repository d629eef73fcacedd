/* SPDX-License-Identifier: MIT */
/* A process as a profile, at one instant: running, stopped, or ended with its ledger still
 * there. */
#ifndef MT_PROFILE_LEDGER_LIVE_H
#define MT_PROFILE_LEDGER_LIVE_H

#include <sys/types.h>

#include "base/error.h"
#include "ledger/ledger.h"
#include "profile/ledger/convert.h"
#include "profile/profile.h"

/* The ledger of a process, open. Errors of mt_find_ledger and mt_ledger_open. */
int mt_ledger_live_open(pid_t pid, struct mt_ledger **out, struct mt_error *error);

/*
 * Find the ledger, cut it, convert it. Not symbolized. duration_ns is the age of the recording when
 * the process has not ended. info.approximate is set, with a note, only when no cut could be had.
 * Errors of mt_find_ledger, mt_ledger_open and mt_ledger_convert.
 */
int mt_ledger_live_profile(pid_t pid, struct mt_profile **out, struct mt_error *error);

/* The same for a ledger that is open. */
int mt_ledger_live_convert(struct mt_ledger *ledger, struct mt_profile **out,
                           struct mt_error *error);
/* The same with a map, see mt_ledger_convert_mapped. */
int mt_ledger_live_convert_mapped(struct mt_ledger *ledger, struct mt_profile **out,
                                  struct mt_ledger_map *map, struct mt_error *error);

#endif
