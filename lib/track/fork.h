/* SPDX-License-Identifier: MIT */
/* Forks that are called inside of the recorder, by a signal handler that has interrupted it: see
 * fork.c. */
#ifndef MT_TRACK_FORK_H
#define MT_TRACK_FORK_H

#include "ledger/writer/copy.h"
#include "track/ground/hook_frame.h"

struct mt_fork {
    struct mt_writer_copy copy;
};

/* Tells whether the calling thread has something to go on with in the recorder: then the other
 * three are to be called around a fork, and in a child nothing may begin anew. frame is that of the
 * hook that is being called. May be called in any context, and takes no lock. */
MT_HIDDEN bool mt_fork_is_inside(const struct mt_hook_frame *frame);
/* Makes the copy of the ledger that a child will go on in. */
MT_HIDDEN void mt_fork_begin(struct mt_fork *f);
/* Drops the copy, in the parent. Is called also when the fork has failed. */
MT_HIDDEN void mt_fork_in_parent(struct mt_fork *f);
/* Lets the child go on in the copy. */
MT_HIDDEN void mt_fork_in_child(const struct mt_fork *f);

#endif
