/* SPDX-License-Identifier: MIT */
/* Which file the program is. Private to lib/track. */
#ifndef MT_TRACK_PROGRAM_H
#define MT_TRACK_PROGRAM_H

#include "base/os.h"
#include "ledger/layout.h"

/*
 * The header's exe, as the writer of ledgers fills it, is what the kernel executed. When that is
 * the dynamic linker itself ("ld-linux.so.2 ./prog"), put the program that it has loaded there
 * instead. Costs one look at the auxiliary vector otherwise. Start-up only, one thread at a time:
 * reads /proc/self/maps by raw calls. Without /proc nothing changes.
 */
MT_HIDDEN void mt_program_name(struct mt_ledger_header *header);

#endif
