/* SPDX-License-Identifier: MIT */
/* Which file the program is. Private to lib/track. */
#ifndef MT_TRACK_PROGRAM_H
#define MT_TRACK_PROGRAM_H

#include "base/os.h"
#include "ledger/layout.h"

/*
 * Puts the program into the header's exe when the kernel executed the dynamic linker itself
 * ("ld-linux.so.2 ./prog"): the writer of ledgers has put there what the kernel executed. In all
 * other cases it costs one look at the auxiliary vector. To be called at start-up, by one thread at
 * a time. It reads /proc/self/maps by raw calls; without /proc nothing changes.
 */
MT_HIDDEN void mt_program_name(struct mt_ledger_header *header);

#endif
