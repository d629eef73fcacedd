/* SPDX-License-Identifier: MIT */
/*
 * The ring is made when the first event comes. A reader may find an event while it is written over:
 * its number is 0 until it is whole, and another one than before from then on.
 */
#include "track/scopes/timeline.h"

#include "ledger/writer/table.h"
#include "track/ground/state.h"

static struct mt_event *ring;

void mt_scopes_timeline_start(void) {
    ring = NULL;
    mt_state.header->event_sample = (uint32_t)mt_state.options.event_sample;
}

MT_NOINLINE static struct mt_event *make_ring(void) {
    size_t bytes = sizeof *ring * mt_state.options.events;
    if (bytes == 0 || !mt_state_lock_growth())
        return NULL;
    if (ring == NULL) {
        mt_state.header->max_events = (uint32_t)mt_state.options.events;
        /* Release: whoever finds the ring finds max_events. */
        mt_store_release(&ring,
                         mt_table_new_chunk(&mt_state.ledger, MT_EXTENT_EVENTS, 0, bytes, 64));
    }
    mt_state_unlock_growth();
    return ring;
}

struct mt_event *mt_scopes_timeline_next(struct mt_thread *t, uint64_t *number) {
    struct mt_event *r = mt_load_acquire(&ring); /* it is seen zeroed, and max_events with it */
    if (mt_unlikely(r == NULL) && (r = make_ring()) == NULL)
        return NULL;
    struct mt_ledger_header *h = mt_state.header;
    uint64_t n = mt_state_is_alone() ? h->n_events++ : mt_add_relaxed(&h->n_events, 1);
    struct mt_event *e = &r[n % h->max_events];
    mt_store_relaxed(&e->number, 0);
    mt_fence_release(); /* a reader that sees what follows sees the 0 */
    e->tid = t->bank->tid;
    *number = n + 1;
    return e;
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
