/* SPDX-License-Identifier: MIT */
/* Blocks that an allocator gives up all at once (an arena that is reset, a heap that is destroyed),
 * without a free of each. */
#ifndef MT_TRACK_DISCARD_H
#define MT_TRACK_DISCARD_H

#include "base/os.h"
#include "track/ground/hook_frame.h"

/*
 * Whether block belongs to what is given up. Called outside of events, before (is_over false) and
 * after the fact: then for blocks of which it has said so before, to tell one that another thread
 * has got at the same address meanwhile.
 */
typedef bool mt_discard_belongs(void *context, const void *block, bool is_over);

struct mt_discard;

/* Before the fact: all live blocks that belong. NULL: nothing is recorded now. The hook's frame. */
MT_HIDDEN struct mt_discard *mt_discard_begin(mt_discard_belongs *belongs, void *context,
                                              const struct mt_hook_frame *frame);
/* After it: they are freed (done), or nothing has happened to them. discard is gone; NULL is
 * fine. */
MT_HIDDEN void mt_discard_end(struct mt_discard *discard, bool done, mt_discard_belongs *belongs,
                              void *context);

/* It was done, and nobody could tell which blocks belonged. */
MT_HIDDEN void mt_discard_unseen(void);

#endif
