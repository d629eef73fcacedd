/* SPDX-License-Identifier: MIT */
/*
 * What the interposers call. The order that keeps the table true when an address is used again by
 * another thread: a block leaves the table before the real free and enters it after the real
 * malloc; realloc is leave, call, enter (or restore, when the call failed).
 *
 * Any thread, any context; errno is not touched; the target's memory is only read on its stack.
 */
#ifndef MT_TRACK_RECORD_H
#define MT_TRACK_RECORD_H

#include "track/ground/hook_frame.h"
#include "track/thread/thread.h"

/* Records that an allocation returned block (NULL: it failed) for a request of bytes in the hook
 * with this frame. */
MT_HIDDEN void mt_record_allocation(void *block, size_t bytes, const struct mt_hook_frame *frame);

/* Some allocators build one entry point from others, which are hooked, too. mt_record_expect says
 * so before the call; mt_record_expected records the block afterwards, unless the hook of such
 * another entry point has recorded it already. */
MT_HIDDEN void mt_record_expect(void);
MT_HIDDEN void mt_record_expected(void *block, size_t bytes, const struct mt_hook_frame *frame);

/* Says that the program asks for bytes in the next allocation of this thread, although the
 * allocator may be asked for up to most (by an operator new that rounds up). */
MT_HIDDEN void mt_record_asked(size_t bytes, size_t most);

/* Records that block, which is not NULL, is about to be freed. */
MT_HIDDEN void mt_record_free(void *block);

/* Does what mt_record_free does, for an operator delete: when it calls free for block, too, that is
 * not another event. */
MT_HIDDEN void mt_record_delete(void *block);

/* A block taken out of the table while realloc works on it. */
struct mt_moving_block {
    void *block;
    uint64_t bytes;
    int64_t waste;
    uint32_t site; /* 0: the block was not there */
    uint32_t era;
    bool temporary;
    bool was_cleared; /* the block was there, from before memtrack_clear_traces */
    bool recording;   /* something is to be done afterwards */
    uint32_t process; /* mt_state.n_processes: a handler that forks may interrupt the allocator */
    struct mt_moved outer; /* the block of a realloc that this one has interrupted */
};

/* Takes block out of the table before realloc is called, and notes in *moving what it was. */
MT_HIDDEN void mt_record_realloc_begin(struct mt_moving_block *moving, void *block);
/* Records that realloc is done: block has been freed, and result (NULL: only freed) allocated. */
MT_HIDDEN void mt_record_realloc_end(struct mt_moving_block *moving, void *result, size_t bytes,
                                     const struct mt_hook_frame *frame);
/* Records that realloc has failed: block is what it was. */
MT_HIDDEN void mt_record_realloc_failed(struct mt_moving_block *moving,
                                        const struct mt_hook_frame *frame);

/* Do what memtrack_track and memtrack_untrack promise. */
MT_HIDDEN void mt_record_track(uint32_t domain, const void *ptr, size_t bytes,
                               const struct mt_hook_frame *frame);
MT_HIDDEN void mt_record_untrack(uint32_t domain, const void *ptr);

/* Records that block has been resized in place to bytes, and is still the same allocation. */
MT_HIDDEN void mt_record_resize(void *block, size_t bytes);

/* ---- for whoever is inside an event already ---- */

/* Charges what the event has changed to the line that it comes from, if lines are recorded. */
MT_HIDDEN void mt_record_charge_line(struct mt_thread *t);

/* Enters a block of a domain into the live table, under mt_live_domain_key, and counts it. Returns
 * false when it has done neither. */
MT_HIDDEN bool mt_record_block(struct mt_thread *t, uint32_t domain, uint64_t address,
                               uint64_t bytes, const struct mt_hook_frame *frame);
/* Tells whether a hook of ours is among the innermost frames: then the allocator, not the program,
 * has called. */
enum mt_nesting {
    MT_NESTING_OUTSIDE,
    MT_NESTING_INSIDE,
    MT_NESTING_UNKNOWN /* the frames did not suffice */
};
MT_HIDDEN enum mt_nesting mt_record_nesting(struct mt_thread *t, const struct mt_hook_frame *frame);

#endif
