/* SPDX-License-Identifier: MIT */
/*
 * A limit of the bytes that the process holds, which no allocation exceeds: room is reserved before
 * the allocator is called. Only in a process with options.limit_bytes; there every change of a
 * thread's live bytes is published at once (options.exact_peak).
 *
 *   mt_ceiling_reserve ─► the allocator ─► the event, whose mt_ceiling_note uses the room up
 *                           └► NULL ─┐          └─► mt_ceiling_settle: what was not used
 *                                    └────────────► mt_ceiling_settle: all of it
 *
 * The owner thread calls these functions, inside an event.
 */
#ifndef MT_TRACK_CEILING_H
#define MT_TRACK_CEILING_H

#include "track/ground/state.h"
#include "track/thread/thread.h"

static inline bool mt_ceiling_is_set(void) {
    return mt_unlikely(mt_state.options.limit_bytes != 0);
}

/* Lets a new process hold nothing. */
MT_HIDDEN void mt_ceiling_start(void);

/* Reserves room for a call that is about to be made. Returns false when there is not so much; then
 * *held is what the process holds. Every call that returned true is followed by one
 * mt_ceiling_settle. */
MT_HIDDEN bool mt_ceiling_reserve(struct mt_thread *t, uint64_t bytes, uint64_t *held);

/* Notes that the bytes of the thread's live blocks have changed, also of blocks that
 * memtrack_clear_traces has made the report forget: they are still there. */
MT_HIDDEN void mt_ceiling_note(struct mt_thread *t, int64_t change);

/* Lets the changes from here on count as one, until mt_ceiling_settle: what a realloc frees is not
 * for another thread before its new block has been counted. */
MT_HIDDEN void mt_ceiling_defer(struct mt_thread *t);

/* Gives back what the call has not used of its room. */
MT_HIDDEN void mt_ceiling_settle(struct mt_thread *t);

/* Gives back all that the former owner of this memory has not used. */
MT_HIDDEN void mt_ceiling_forget(struct mt_thread *t);

#endif
