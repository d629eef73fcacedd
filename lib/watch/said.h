/* SPDX-License-Identifier: MIT */
/* What a watched program says of itself, on the time axis of who watches it. */
#ifndef MT_WATCH_SAID_H
#define MT_WATCH_SAID_H

#include <stddef.h>
#include <stdint.h>

#include "ledger/ledger.h"
#include "profile/profile.h"

struct mt_said {                /* all 0: nothing yet */
    struct mt_profile *profile; /* scopes, counters and marks; NULL: none */
    uint64_t origin_ns;         /* CLOCK_MONOTONIC: the 0 of all times here; set by who begins */
    size_t n_before;            /* that were over before it, and are left out */
    size_t n_cut;               /* scopes that had begun before it: they begin at 0 */
    size_t n_dropped;           /* programs, for want of memory, or room for all that they said */
};

/* Adds what the ledger has. It is read once: when its process has ended, executes another program,
 * or is not watched any more. */
void mt_said_take(struct mt_said *said, struct mt_ledger *ledger);

/* Returns when the first scope began, or a counter was set; UINT64_MAX: there is none. */
uint64_t mt_said_first_ns(const struct mt_said *said);

/* Appends scopes and counters to a profile whose axis begins at begin_ns, and not after the first of
 * them. The counters of process pid have its number behind their names; 0: as they are. What a profile
 * has no room for is counted in n_dropped. Returns 0 or -MEMTRACK_ENOMEM. */
int mt_said_append(struct mt_said *said, uint64_t begin_ns, uint32_t pid, struct mt_profile *into);
/* Likewise the marks, to a profile whose axis begins at 0. */
int mt_said_append_marks(struct mt_said *said, struct mt_profile *into);

void mt_said_free(struct mt_said *said);

#endif
