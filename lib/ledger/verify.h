/* SPDX-License-Identifier: MIT */
/* Does everything in a ledger fit together? What a report is made of, looked at as a whole, from
 * outside. */
#ifndef MT_LEDGER_VERIFY_H
#define MT_LEDGER_VERIFY_H

#include "ledger/ledger.h"

enum { MT_FAULT_BYTES = 160 };

struct mt_verdict {
    uint64_t n_checked;         /* items that were looked at */
    uint64_t n_faults;          /* items among them that are not as they should be */
    char first[MT_FAULT_BYTES]; /* the first fault, as a sentence; "" when there is none */
    bool sums_checked;          /* the live blocks were compared with what the sites have counted */
};

/*
 * Goes through segments, extents and all items (ledger/invariants.h), and compares sums: of the
 * sites with the banks, and, when the process has ended, of the live blocks with the sites. A
 * process that runs is read at a cut; each thread that is inside of an event may be in the middle
 * of one block. A fault is no error. Returns 0 or -MEMTRACK_E….
 */
int mt_ledger_verify(struct mt_ledger *ledger, struct mt_verdict *out, struct mt_error *error);

#endif
