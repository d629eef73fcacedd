/* SPDX-License-Identifier: MIT */
/* Blocks that an allocator gives up all at once (an arena that is reset, a heap that is destroyed),
 * without a free of each. */
#ifndef MT_TRACK_DISCARD_H
#define MT_TRACK_DISCARD_H

#include "base/os.h"
#include "track/ground/hook_frame.h"

/*
 * Tells whether block belongs to what is given up. It is called outside of events: before the fact
 * (is_over is false), and after it for blocks of which it has said so before, to tell one that
 * another thread has got at the same address meanwhile.
 */
typedef bool mt_discard_belongs(void *context, const void *block, bool is_over);

struct mt_discard;

/* Lists all live blocks that belong, before the fact. Returns NULL when nothing is recorded now, or
 * there is no memory. frame is the hook's. */
MT_HIDDEN struct mt_discard *mt_discard_begin(mt_discard_belongs *belongs, void *context,
                                              const struct mt_hook_frame *frame);
/* Records, after the fact, that the listed blocks are freed; or, if done is false, that nothing has
 * happened to them. discard, which may be NULL, is gone then. */
MT_HIDDEN void mt_discard_end(struct mt_discard *discard, bool done, mt_discard_belongs *belongs,
                              void *context);

/* Counts that blocks were given up and nobody could tell which ones. */
MT_HIDDEN void mt_discard_unseen(void);

#endif
