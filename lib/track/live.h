/* SPDX-License-Identifier: MIT */
/*
 * The table of live blocks: address -> (bytes, site). Sharded by 64 KiB of address space, so that blocks that are
 * neighbours in memory, and so often in time, are neighbours in the table. See struct mt_region.
 *
 * Any recording thread; each region is locked while more than one thread records.
 */
#ifndef MT_TRACK_LIVE_H
#define MT_TRACK_LIVE_H

#include "track/tracker.h"

struct mt_live_entry {
    uint64_t bytes;
    mt_site_id site; /* 0: not found */
};

MT_HIDDEN bool mt_live_start(void);

/* Enter a block. *replaced is what was entered for its address before (site 0: nothing): its free was missed.
 * False: no room, or the shard's lock could not be had. */
MT_HIDDEN bool mt_live_put(struct mt_thread *t, uint64_t address, struct mt_live_entry entry,
                           struct mt_live_entry *replaced);

/* Take a block out. *dropped: its shard's lock could not be had. */
MT_HIDDEN struct mt_live_entry mt_live_take(struct mt_thread *t, uint64_t address, bool *dropped);

#endif
