/* SPDX-License-Identifier: MIT */
/* What is said of scopes of both kinds. */
#include "track/scopes/scopes.h"

#include "track/scopes/calls.h"
#include "track/scopes/measure.h"
#include "track/scopes/open.h"
#include "track/scopes/process.h"
#include "track/scopes/thread.h"
#include "track/scopes/timeline.h"
#include "track/scopes/totals.h"
#include "track/tables/names.h"

bool mt_scopes_start(void) {
    mt_scopes_process_start();
    if (mt_state.options.scope_cpu)
        mt_state_flag(MT_FLAG_SCOPE_CPU);
    mt_scopes_timeline_start();
    return mt_scopes_totals_start() && mt_scopes_calls_start();
}

void mt_scopes_make_inert(memtrack_scope *scope) {
    make_inert((struct mt_scope_handle *)scope);
}

/* Ends a scope that is not the innermost one of its thread. */
MT_NOINLINE static int end_other(struct mt_thread *t, struct mt_scope_handle *h,
                                 memtrack_delta *out) {
    if (h->magic == MAGIC && h->state == INERT) {
        h->state = ENDED;
        return 0;
    }
    int rc = fault_of(t, h);
    if (rc != 0)
        return rc;
    if (h->state == OPEN)
        return mt_scopes_thread_end(t, h, out);
    if (h->state == PROCESS)
        rc = mt_scopes_process_end(t, h, out);
    else
        rc = mt_scopes_thread_end_detached(t, h, out);
    h->state = ENDED;
    return rc;
}

int mt_scopes_end(struct mt_thread *t, memtrack_scope *scope, memtrack_delta *out) {
    struct mt_scope_handle *h = (struct mt_scope_handle *)scope;
    struct mt_open_scope *f = innermost_of(t, h);
    if (mt_unlikely(f == NULL))
        return end_other(t, h, out);
    h->state = ENDED;
    mt_scopes_thread_end_innermost(t, f, out);
    return 0;
}

int mt_scopes_fail(struct mt_thread *t, memtrack_scope *scope, const char *why) {
    struct mt_scope_handle *h = (struct mt_scope_handle *)scope;
    if (h->magic == MAGIC && h->state == INERT)
        return 0;
    int rc = fault_of(t, h);
    if (rc != 0)
        return rc;
    if (h->state == PROCESS)
        return mt_scopes_process_fail(t, h, why);
    mt_scopes_thread_fail(t, h, why);
    return 0;
}

int mt_scopes_record(struct mt_thread *t, const char *name, mt_name_id group,
                     uint64_t duration_ns) {
    mt_name_id id = mt_names_find(&t->names, name);
    struct mt_scope_totals *r = id != 0 ? mt_scopes_totals_find(t, id, group) : NULL;
    if (r == NULL) {
        mt_scopes_totals_drop();
        return -MEMTRACK_ELIMIT;
    }
    uint64_t now_ns = clock_ns(CLOCK_MONOTONIC);
    mt_scopes_totals_add_time(t, r, (int64_t)duration_ns);
    add_event(t, 0, id, now_ns > duration_ns ? now_ns - duration_ns : 0, duration_ns, 0, 0);
    return 0;
}

int mt_scopes_set(struct mt_thread *t, const memtrack_scope *scope, const char *key,
                  const char *value) {
    const struct mt_scope_handle *h = (const struct mt_scope_handle *)scope;
    int rc = fault_of(t, h);
    struct mt_event e = {.scope = h->event, .kind = MT_EVENT_SET};
    if (rc != 0 || h->event == 0) /* a scope that is only counted is no event that could have it */
        return rc;
    e.time_ns = since_start(clock_ns(CLOCK_MONOTONIC));
    e.name = mt_names_find(&t->names, key);
    e.text = mt_names_find(&t->names, value);
    if (e.name == 0 || e.text == 0) {
        mt_scopes_totals_drop();
        return -MEMTRACK_ELIMIT;
    }
    mt_scopes_timeline_add(t, &e);
    return 0;
}
