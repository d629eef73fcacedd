/* SPDX-License-Identifier: MIT */
/*
 * Asking for room before the allocator is called, in a process with a limit (thread/ceiling.h):
 * what interposers call there, and only there. An answer of MT_ADMIT_TAKEN is followed by the
 * event that records the block, or by mt_admit_end when there is none.
 *
 * Any thread, any context; errno is not touched.
 */
#ifndef MT_TRACK_ADMIT_H
#define MT_TRACK_ADMIT_H

#include "base/os.h"
#include "track/ground/hook_frame.h"

enum mt_admit {
    MT_ADMIT_REFUSED, /* the call is to fail; it has been counted */
    MT_ADMIT_TAKEN,   /* there is room, and it is reserved */
    MT_ADMIT_PASSED   /* the call is not recorded, and the limit does not know of it */
};

/* Tells whether the process has a limit, from its environment: before it has started, too. */
MT_HIDDEN bool mt_admit_is_asked(void);

/* Asks for a new block of bytes, in the hook with this frame. When it is refused and the limit says
 * so, the process is aborted and this does not return. */
MT_HIDDEN enum mt_admit mt_admit_block(uint64_t bytes, const struct mt_hook_frame *frame);

/* Asks for what a block will be larger by. moving: mt_record_realloc_begin has just taken it out of
 * the table. */
MT_HIDDEN enum mt_admit mt_admit_growth(const void *block, bool moving, uint64_t bytes,
                                        const struct mt_hook_frame *frame);

/* Gives back what was reserved, after the call has failed. */
MT_HIDDEN void mt_admit_end(void);

#endif
