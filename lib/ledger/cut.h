/* SPDX-License-Identifier: MIT */
/*
 * What readers ask of the process that writes a ledger: to be read at one instant. See the top of
 * ledger/layout.h for the protocol.
 *
 * A struct mt_ledger may be used by one thread at a time. Each of these functions opens the file
 * for writing as often as it must; a ledger that may only be read can still be read, at no one
 * instant.
 */
#ifndef MT_LEDGER_CUT_H
#define MT_LEDGER_CUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "ledger/ledger.h"

/*
 * Chooses now as the instant at which the ledger is read. Until mt_ledger_cut_end,
 * mt_ledger_refresh, mt_ledger_totals and mt_ledger_read_items (banks, sites) give what was true
 * then, however long it takes. A process that has ended is not asked for anything. Waits up to 2 s
 * for another reader's cut, and up to 50 ms for events that are under way.
 *
 * Returns 0, or -MEMTRACK_EIO when the file may not be written or another reader holds it. Reading
 * then goes on without a cut, and not at one instant.
 */
int mt_ledger_cut_begin(struct mt_ledger *ledger, struct mt_error *error);

/* Lets the process forget the cut. Does nothing when no cut is open. mt_ledger_close does it as
 * well. */
void mt_ledger_cut_end(struct mt_ledger *ledger);

/* Returns whether what has been read since the last mt_ledger_cut_begin, which may have ended by
 * now, is one instant of the process. To be asked after reading, because a copy that could not
 * be kept is only known then. Without a cut, returns whether the process has ended. */
bool mt_ledger_cut_is_exact(const struct mt_ledger *ledger);

#endif
