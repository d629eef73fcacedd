/* SPDX-License-Identifier: MIT */
/* Live blocks of a ledger as a profile: a sample for each, with the call path and the thread that
 * allocated it. */
#ifndef MT_PROFILE_LEDGER_CONVERT_BLOCKS_H
#define MT_PROFILE_LEDGER_CONVERT_BLOCKS_H

#include "base/error.h"
#include "ledger/blocks.h"
#include "ledger/ledger.h"
#include "profile/profile.h"

/*
 * Makes a profile in which sample i is blocks[i]: 1 live block of its bytes. Samples are lossy when
 * the call path is not known. Live and total are the only columns. Locations are not symbolized.
 * Blocks of address 0 are no blocks: their samples have no frames and no bytes. Errors: EIO,
 * ENOMEM, ELIMIT.
 */
int mt_ledger_convert_blocks(struct mt_ledger *ledger, const struct mt_live_block *blocks, size_t n,
                             struct mt_profile **out, struct mt_error *error);

#endif
