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
    uint64_t address; /* address of its first byte; 0: there is no block */
    uint64_t bytes;   /* as requested; may be 0 */
    mt_site_id site;  /* the thread that allocated it */
    uint32_t era;     /* the era in which it was allocated, see layout.h */
    uint32_t domain;  /* a name id; 0: malloc's */
};

/* This is what is known of an address. */
struct mt_block_search {
    /* the block with address <= asked < address + bytes, or one of 0 bytes that begins there.
     * When several of malloc and of domains hold the address, this is the smallest. */
    struct mt_live_block holder;
    /* If there is none, the nearest block of malloc that ends at or before the address,. */
    struct mt_live_block before;
    struct mt_live_block
        after; /* and the nearest one that begins after it; both within MT_BLOCK_REACH of it */
};
#define MT_BLOCK_REACH (UINT64_C(16) << 20)

/*
 * Looks for the block that holds an address. Call mt_ledger_refresh before. What was damaged or
 * changed while it was read is read again a few times, then counted as damage. Returns 0 or
 * -MEMTRACK_ENOMEM.
 */
int mt_ledger_blocks_find(struct mt_ledger *ledger, uint64_t address, struct mt_block_search *out);

/*
 * Calls take with each live block, in no order. Call mt_ledger_refresh before. The process may run
 * on: then each was there a moment ago. Returns 0 or -MEMTRACK_ENOMEM.
 */
int mt_ledger_blocks_each(struct mt_ledger *ledger,
                          void (*take)(void *context, const struct mt_live_block *block),
                          void *context);

/* Says when, since the start of the recording, a block of this era was allocated: at or after
 * *from_ns and before *to_ns, which is UINT64_MAX when no later era has begun yet. Returns 0,
 * -MEMTRACK_EIO or -MEMTRACK_EFORMAT. */
int mt_ledger_blocks_era_range(struct mt_ledger *ledger, uint32_t era, uint64_t *from_ns,
                               uint64_t *to_ns, struct mt_error *error);

#endif
