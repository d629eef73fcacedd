/* SPDX-License-Identifier: MIT */
/* The heap of a process that is watched from outside, when it happens to be recorded, and what it
 * says of itself: read from its ledger, whoever has started it. */
#ifndef MT_WATCH_RECORDED_H
#define MT_WATCH_RECORDED_H

#include <stdint.h>

#include "profile/profile.h"
#include "watch/said.h"

struct mt_ledger;

struct mt_recorded {          /* all 0: nothing is known yet */
    struct mt_ledger *ledger; /* NULL: none was found so far */
    uint64_t next_ns;         /* when to look for it again */
    struct mt_said said;      /* of the ledgers that were let go */
};

/* Looks for the ledger of a process when that is due, and reads its live bytes and blocks into the
 * tick, whose figures of the heap stay 0 when there is none. Times are since the start of watching;
 * found_ns is when the process was found. */
void mt_recorded_read(struct mt_recorded *recorded, uint32_t pid, uint64_t found_ns,
                      uint64_t time_ns, struct mt_tick *tick);

/* Lets the ledger go, with what it says, and looks anew at the next reading: the process has executed
 * another program, or has ended, or is not watched any more. */
void mt_recorded_forget(struct mt_recorded *recorded);
void mt_recorded_free(struct mt_recorded *recorded);

#endif
