/* SPDX-License-Identifier: MIT */
/*
 * The ring is made when the first event comes. A reader may find an event while it is written over:
 * its number is 0 until it is whole, and another one than before from then on.
 */
#include "track/scopes/timeline.h"

#include "ledger/writer/table.h"
#include "track/ground/state.h"
#include "track/tables/names.h"

struct mt_event *mt_scopes_timeline_ring;

void mt_scopes_timeline_start(void) {
    mt_scopes_timeline_ring = NULL;
    mt_state.header->event_sample = (uint32_t)mt_state.options.event_sample;
}

MT_NOINLINE struct mt_event *mt_scopes_timeline_make_ring(void) {
    struct mt_event **ring = &mt_scopes_timeline_ring;
    size_t bytes = sizeof **ring * mt_state.options.events;
    if (bytes == 0 || !mt_state_lock_growth())
        return NULL;
    if (*ring == NULL) {
        mt_state.header->max_events = (uint32_t)mt_state.options.events;
        /* Release: whoever finds the ring finds max_events. */
        mt_store_release(ring,
                         mt_table_new_chunk(&mt_state.ledger, MT_EXTENT_EVENTS, 0, bytes, 64));
    }
    mt_state_unlock_growth();
    return *ring;
}

void mt_scopes_timeline_add(struct mt_thread *t, const struct mt_event *event) {
    uint64_t number;
    struct mt_event *e = mt_scopes_timeline_next(t, &number);
    if (e == NULL)
        return;
    e->scope = event->scope;
    e->time_ns = event->time_ns;
    e->duration_ns = event->duration_ns;
    e->value = event->value;
    e->peak_bytes = event->peak_bytes;
    e->kind = event->kind;
    e->name = event->name;
    e->text = event->text;
    mt_scopes_timeline_done(e, number);
}

/* ---- looking --------------------------------------------------------------------------------- */

/* Copies an event of a scope, if it is one, whole and not cleared. */
static bool copy(memtrack_scope_event *to, const struct mt_event *e, uint64_t cleared) {
    uint64_t number = mt_load_acquire(&e->number); /* the event is whole */
    uint32_t kind = mt_load_relaxed(&e->kind), name = mt_load_relaxed(&e->name);
    *to = (memtrack_scope_event){.begin_ns = mt_load_relaxed(&e->time_ns),
                                 .duration_ns = mt_load_relaxed(&e->duration_ns),
                                 .net_bytes = mt_load_relaxed(&e->value),
                                 .peak_bytes = mt_load_relaxed(&e->peak_bytes),
                                 .thread_id = mt_load_relaxed(&e->tid)};
    mt_fence_acquire(); /* it still is that event */
    if (number <= cleared || kind != MT_EVENT_SCOPE || mt_load_relaxed(&e->number) != number)
        return false;
    to->name = mt_names_text(name);
    return true;
}

/* Puts an event in its place among the n that are the first so far, of which the last goes when
 * there is no room. */
static void insert(memtrack_scope_event *out, uint32_t n, uint32_t capacity, bool by_bytes,
                   const memtrack_scope_event *event) {
    uint32_t i = n < capacity ? n : capacity;
    for (; i > 0; i--) {
        const memtrack_scope_event *before = &out[i - 1];
        if (by_bytes ? before->peak_bytes >= event->peak_bytes
                     : before->duration_ns >= event->duration_ns)
            break;
        if (i < capacity)
            out[i] = *before;
    }
    if (i < capacity)
        out[i] = *event;
}

int mt_scopes_timeline_find(uint64_t least_ns, uint64_t least_bytes, bool by_bytes,
                            memtrack_scope_event *out, uint32_t capacity) {
    /* Acquire: it is seen zeroed, and max_events too. */
    const struct mt_event *r = mt_load_acquire(&mt_scopes_timeline_ring);
    uint32_t n = 0, end = r != NULL ? mt_state.header->max_events : 0;
    uint64_t cleared = mt_load_relaxed(&mt_state.header->cleared_events);
    memtrack_scope_event event;
    for (uint32_t i = 0; i < end; i++)
        if (copy(&event, &r[i], cleared) && event.duration_ns >= least_ns &&
            event.peak_bytes >= 0 && (uint64_t)event.peak_bytes >= least_bytes)
            insert(out, n++, capacity, by_bytes, &event);
    return (int)n;
}
