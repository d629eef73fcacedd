/* SPDX-License-Identifier: MIT */
/* A ring keeps the latest events of scopes: when each was, how long it took and what it held. */
#ifndef MT_TRACK_SCOPES_TIMELINE_H
#define MT_TRACK_SCOPES_TIMELINE_H

#include "base/atomic.h"
#include "memtrack.h"
#include "track/ground/state.h"
#include "track/thread/thread.h"

/* Forgets all events, in a new process. */
MT_HIDDEN void mt_scopes_timeline_start(void);

/* Adds an event, and fills in its number and tid. Drops it when there is no memory for the ring. */
MT_HIDDEN void mt_scopes_timeline_add(struct mt_thread *t, const struct mt_event *event);
/* The ring; NULL: there is none yet. */
MT_HIDDEN extern struct mt_event *mt_scopes_timeline_ring;
/* Makes it. Returns NULL when there is no room. */
MT_HIDDEN struct mt_event *mt_scopes_timeline_make_ring(void);
/* Adds an event without a copy: returns the place to be filled in, or NULL when there is no memory.
 * The caller fills in all but number and tid, and then calls mt_scopes_timeline_done. */
static inline __attribute__((always_inline)) struct mt_event *
mt_scopes_timeline_next(struct mt_thread *t, uint64_t *number) {
    /* Acquire: it is seen zeroed, and max_events with it. */
    struct mt_event *r = mt_load_acquire(&mt_scopes_timeline_ring);
    if (mt_unlikely(r == NULL) && (r = mt_scopes_timeline_make_ring()) == NULL)
        return NULL;
    struct mt_ledger_header *h = mt_state.header;
    uint64_t n = mt_state_is_alone() ? h->n_events++ : mt_add_relaxed(&h->n_events, 1);
    uint64_t most = h->max_events; /* as a rule a power of two, and a division takes long */
    struct mt_event *e = &r[mt_likely((most & (most - 1)) == 0) ? n & (most - 1) : n % most];
    mt_store_relaxed(&e->number, 0);
    mt_fence_release(); /* a reader that sees what follows sees the 0 */
    e->tid = t->bank->tid;
    *number = n + 1;
    return e;
}
static inline void mt_scopes_timeline_done(struct mt_event *event, uint64_t number) {
    mt_store_release(&event->number, number); /* whoever sees it sees the whole event */
}

/* Finds the events of scopes that took at least least_ns and held at least least_bytes at their
 * peak, and have not been cleared. Returns how many there are; the first capacity of them are in
 * out, the longest first, or with by_bytes the largest. */
MT_HIDDEN int mt_scopes_timeline_find(uint64_t least_ns, uint64_t least_bytes, bool by_bytes,
                                      struct memtrack_scope_event *out, uint32_t capacity);

#endif
