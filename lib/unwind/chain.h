/* SPDX-License-Identifier: MIT */
/*
 * A call chain followed for certain: nothing is remembered, no lock is taken, and every page is
 * asked for before it is read, so that memory that has gone ends the chain and not the program. For
 * the rare question of what a stack says about code that may or may not run on.
 *
 * Any thread, any context, also inside of the recorder.
 */
#ifndef MT_UNWIND_CHAIN_H
#define MT_UNWIND_CHAIN_H

#include "unwind/rule.h"

struct mt_chain {
    struct mt_frame_state state;
    /* A signal frame is further in: everything from here outwards has been interrupted. */
    bool has_crossed_signal;
    bool is_whole; /* the chain has ended in a place where stacks end */
    uint64_t page; /* the last frame that could be read; 0: none yet */
};

/* Goes to the caller. Returns false when there is none (is_whole), or when it cannot be found. */
MT_HIDDEN bool mt_chain_step(struct mt_chain *c);

#endif
