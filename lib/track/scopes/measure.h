/* SPDX-License-Identifier: MIT */
/* What is done when a scope of either kind begins or ends. For this room alone. */
#ifndef MT_TRACK_MEASURE_H
#define MT_TRACK_MEASURE_H

#include "track/scopes/open.h"
#include "track/scopes/timeline.h"

/* Hands the highest live bytes since the last time to top, the innermost scope or NULL, and, when
 * there is one thread, to the scopes of the process. */
static inline __attribute__((always_inline)) void hand_on(struct mt_thread *t,
                                                          struct mt_open_scope *top) {
    int64_t high = t->bank->scope_high;
    if (high == INT64_MAX)
        return;
    if (top != NULL && high > top->high_bytes)
        top->high_bytes = high;
    if (!t->shared)
        mt_scopes_open_note_current(high);
}

/* Lets the next highest begin with what is live. top as above. */
static inline __attribute__((always_inline)) void look_anew(struct mt_thread *t,
                                                            const struct mt_open_scope *top) {
    t->bank->scope_high = top != NULL || mt_load_relaxed(&mt_scopes_open_n) != 0
                              ? t->bank->counters.live_bytes
                              : INT64_MAX;
}

static inline __attribute__((always_inline)) void flush(struct mt_thread *t) {
    struct mt_scope_stack *s = t->scopes.stack;
    struct mt_open_scope *top = s != NULL ? s->top : NULL;
    hand_on(t, top);
    look_anew(t, top);
}

/* Tells whether a scope that ends is an event: one in header.event_sample of a thread's scopes is.
 * In a thread that has had no scopes but the process's, all are. */
static inline __attribute__((always_inline)) bool wants_event(struct mt_scope_stack *s) {
    uint32_t one_in = mt_state.header->event_sample;
    if (one_in == 0 || s == NULL)
        return one_in != 0;
    if (mt_unlikely(s->until_event != 0)) {
        s->until_event--;
        return false;
    }
    s->until_event = one_in - 1;
    return true;
}

/* Adds the event of a scope that has ended, if it is to be one. */
static inline __attribute__((always_inline)) void add_event(struct mt_thread *t, uint64_t serial,
                                                            mt_name_id name, uint64_t begin_ns,
                                                            uint64_t duration_ns, int64_t net_bytes,
                                                            int64_t peak_bytes) {
    uint64_t number;
    struct mt_event *e = wants_event(t->scopes.stack) ? mt_scopes_timeline_next(t, &number) : NULL;
    if (e == NULL)
        return;
    e->scope = serial;
    e->time_ns = since_start(begin_ns);
    e->duration_ns = duration_ns;
    e->value = net_bytes;
    e->peak_bytes = peak_bytes;
    e->kind = MT_EVENT_SCOPE;
    e->name = name;
    e->text = 0;
    mt_scopes_timeline_done(e, number);
}

#endif
