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

/* Ends the block entered under key. */
MT_HIDDEN void mt_blocks_end(struct mt_thread *t, uint64_t key, struct mt_live_entry entry,
                             bool temporary);

/* Counts a block that came and went, and was not entered. */
MT_HIDDEN void mt_blocks_pass(struct mt_thread *t, mt_site_id site, uint64_t bytes);

/* Gives the block entered under key another size. Growth counts as allocated bytes, and shrinkage
 * as freed ones. */
MT_HIDDEN void mt_blocks_resize(struct mt_thread *t, uint64_t key, struct mt_live_entry entry,
                                uint64_t bytes);

/* Leaves the first left bytes of the block entered under key, and right bytes under another key.
 * Either number may be 0, for no such piece, but not both. The rest counts as freed bytes, and a
 * second piece as a block of its own that was allocated with 0 bytes. */
MT_HIDDEN void mt_blocks_cut(struct mt_thread *t, uint64_t key, struct mt_live_entry entry,
                             uint64_t left, uint64_t right_key, uint64_t right);

#endif
