/* SPDX-License-Identifier: MIT */
/* A ring keeps the latest events of scopes: when each was, how long it took and what it held. */
#ifndef MT_TRACK_SCOPES_TIMELINE_H
#define MT_TRACK_SCOPES_TIMELINE_H

#include "memtrack.h"
#include "track/thread/thread.h"

/* Forgets all events, in a new process. */
MT_HIDDEN void mt_scopes_timeline_start(void);

/* Adds an event, and fills in its number and tid. Drops it when there is no memory for the ring. */
MT_HIDDEN void mt_scopes_timeline_add(struct mt_thread *t, const struct mt_event *event);
/* Adds an event without a copy: returns the place to be filled in, or NULL when there is no memory.
 * The caller fills in all but number and tid, and then calls mt_scopes_timeline_done. */
MT_HIDDEN struct mt_event *mt_scopes_timeline_next(struct mt_thread *t, uint64_t *number);
static inline void mt_scopes_timeline_done(struct mt_event *event, uint64_t number) {
    mt_store_release(&event->number, number); /* whoever sees it sees the whole event */
}

/* Finds the events of scopes that took at least least_ns and held at least least_bytes at their
 * peak, and have not been cleared. Returns how many there are; the first capacity of them are in
 * out, the longest first, or with by_bytes the largest. */
MT_HIDDEN int mt_scopes_timeline_find(uint64_t least_ns, uint64_t least_bytes, bool by_bytes,
                                      struct memtrack_scope_event *out, uint32_t capacity);

#endif
