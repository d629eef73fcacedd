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
 * Choose now as the instant at which the ledger is read. Until mt_ledger_cut_end,
 * mt_ledger_refresh, mt_ledger_totals and mt_ledger_read_items (banks, sites) give what was true
 * then, however long it takes. Of a process that has ended nothing is asked. Waits up to 2 s for
 * another reader's cut, and up to 50 ms for events that are under way.
 *
 * -MEMTRACK_EIO (may not be written, or another reader holds it): reading goes on without a cut, at
 * no one instant.
 */
int mt_ledger_cut_begin(struct mt_ledger *ledger, struct mt_error *error);

/* Let the process forget it. Does nothing when no cut is open. mt_ledger_close does it as well. */
void mt_ledger_cut_end(struct mt_ledger *ledger);

/* Is what has been read since the last mt_ledger_cut_begin, which may have ended by now, one
 * instant of the process? To be asked after reading: a copy that could not be kept is only known
 * then. Without a cut: has the process ended? */
bool mt_ledger_cut_is_exact(const struct mt_ledger *ledger);

#endif
