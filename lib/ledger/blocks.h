/* SPDX-License-Identifier: MIT */
/*
 * Live blocks in a ledger: which one holds an address. Reads a few lines of the table; the process
 * may run on meanwhile, so an answer is that of a moment ago.
 */
#ifndef MT_LEDGER_BLOCKS_H
#define MT_LEDGER_BLOCKS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "ledger/ledger.h"

struct mt_live_block {
    uint64_t address; /* of its first byte; 0: there is none */
    uint64_t bytes;   /* as requested; may be 0 */
    mt_site_id site;  /* that allocated it */
    uint32_t era;     /* in which, see layout.h */
    uint32_t domain;  /* a name id; 0: malloc's */
};

/* What is known of an address. */
struct mt_block_search {
    /* address <= asked < address + bytes; or a block of 0 bytes that begins there. Of malloc's and
     * those of domains that hold the address, the smallest. */
    struct mt_live_block holder;
    struct mt_live_block
        before; /* else, of malloc's: the nearest block that ends at or before the address, */
    struct mt_live_block
        after; /* and the nearest one that begins after it; within MT_BLOCK_REACH of it alone */
};
#define MT_BLOCK_REACH (UINT64_C(16) << 20)

/*
 * Look for the block that holds an address. Call mt_ledger_refresh before. What was damaged or
 * changed under the reader's hands is read again a few times, then counted as damage. 0 or
 * -MEMTRACK_ENOMEM.
 */
int mt_ledger_blocks_find(struct mt_ledger *ledger, uint64_t address, struct mt_block_search *out);

/* When, since the start of the recording, a block of this era was allocated: at or after *from_ns
 * and before *to_ns, UINT64_MAX when no later era has begun yet. -MEMTRACK_EIO,
 * -MEMTRACK_EFORMAT. */
int mt_ledger_blocks_era_range(struct mt_ledger *ledger, uint32_t era, uint64_t *from_ns,
                               uint64_t *to_ns, struct mt_error *error);

#endif
