/* SPDX-License-Identifier: MIT */
/*
 * The frame of everything that changes the ledger on behalf of the program: an allocation, a free, a scope. While a
 * thread is inside, its `seen` says so, so that an event that interrupts it (a signal handler that allocates) takes
 * the slow way and is counted there; and its bank's sequence is odd, so that a reader can wait for it.
 */
#ifndef MT_TRACK_EVENT_H
#define MT_TRACK_EVENT_H

#include "track/request.h"

#define mt_barrier() __asm__ volatile("" ::: "memory")

/* sp: the caller's. NULL: not to be recorded. Then read mt_page.state, for mt_event_leave. */
static inline struct mt_thread *mt_event_enter(uint64_t sp) {
    struct mt_thread *t = mt_self;
    if (mt_unlikely(t == NULL || t->seen != mt_page.state)) {
        if (mt_tracker_is_dormant())
            return NULL;
        t = mt_tracker_enter(sp);
        if (t == NULL)
            return NULL;
    }
    t->seen = MT_SEEN_BUSY;
    t->busy_sp = sp;
    t->bank->sequence = (t->bank->sequence + 1) | 1; /* odd, also when an event before this one was never left */
    mt_barrier();
    if (mt_unlikely(t->control->request.word != t->request))
        mt_request_changed(t);
    return t;
}

/* A change that came meanwhile is seen by the next event: it will find a state that is not the one before. */
static inline void mt_event_leave(struct mt_thread *t, uint64_t state) {
    mt_barrier();
    t->bank->sequence++;
    t->seen = state;
}

#endif
