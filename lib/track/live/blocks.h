/* SPDX-License-Identifier: MIT */
/*
 * What happens to blocks besides that they are allocated and freed, each of it as a whole or not at
 * all (plan.h). A block that is from before memtrack_clear_traces changes no counter.
 *
 * Inside an event; owner thread only.
 */
#ifndef MT_TRACK_BLOCKS_H
#define MT_TRACK_BLOCKS_H

#include "track/live/live.h"

/* The block entered under key is gone. */
MT_HIDDEN void mt_blocks_end(struct mt_thread *t, uint64_t key, struct mt_live_entry entry,
                             bool temporary);

/* A block that is not to be entered came and went. */
MT_HIDDEN void mt_blocks_pass(struct mt_thread *t, mt_site_id site, uint64_t bytes);

/* The block entered under key has another size now. Growth counts as allocated bytes, and shrinkage
 * as freed ones. */
MT_HIDDEN void mt_blocks_resize(struct mt_thread *t, uint64_t key, struct mt_live_entry entry,
                                uint64_t bytes);

/* Of the block entered under key, the first left bytes remain, and right bytes under another key
 * (0: no such piece; one remains). The rest counts as freed bytes, a second piece as a block of its
 * own that was allocated with 0 bytes. */
MT_HIDDEN void mt_blocks_cut(struct mt_thread *t, uint64_t key, struct mt_live_entry entry,
                             uint64_t left, uint64_t right_key, uint64_t right);

#endif
