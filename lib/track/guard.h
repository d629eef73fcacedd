/* SPDX-License-Identifier: MIT */
/*
 * The frame of everything that changes the ledger on behalf of the program: an allocation, a free,
 * a scope. While a thread is inside, its `seen` says so, so that an event that interrupts it (a
 * signal handler that allocates) takes the slow way and is counted there; and its bank's sequence
 * is odd, so that a reader can wait for it.
 */
#ifndef MT_TRACK_GUARD_H
#define MT_TRACK_GUARD_H

#include "base/atomic.h"
#include "track/enter.h"
#include "track/ground/state.h"
#include "track/request.h"

/* Begins an event, and returns the calling thread's memory, or NULL when the event is not to be
 * recorded. frame is that of any function, as long as it returns after the event. */
static inline struct mt_thread *mt_guard_enter(const struct mt_hook_frame *frame) {
    struct mt_thread *t = mt_self;
    if (mt_unlikely(t == NULL || t->seen != mt_load_part(&mt_page.state))) {
        if (mt_state_is_dormant())
            return NULL;
        t = mt_enter(frame);
        if (t == NULL)
            return NULL;
    }
    mt_store_relaxed(&t->seen, MT_SEEN_BUSY | (uint64_t)frame); /* see begin_sharing in threads.c */
    /* It is odd now: if an event was left, recover.c has made it even since. */
    mt_own_add(&t->bank->sequence, 1);
    mt_barrier();
    if (mt_unlikely(mt_load_part(&t->control->request.word) != t->request))
        mt_request_changed(t);
    return t;
}

/* Ends an event. A change of the process's state that came meanwhile is for the next event. */
static inline void mt_guard_leave(struct mt_thread *t) {
    mt_barrier();
    mt_own_add(&t->bank->sequence, 1);
    mt_store_last(&t->seen, t->state); /* whoever sees it sees what the event has counted */
}

#endif
