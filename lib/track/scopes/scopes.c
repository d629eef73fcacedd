/* SPDX-License-Identifier: MIT */
/* What is said of scopes of both kinds. */
#include "track/scopes/scopes.h"

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
    return mt_scopes_totals_start();
}

void mt_scopes_make_inert(memtrack_scope *scope) {
    make_inert((struct mt_scope_handle *)scope);
}

int mt_scopes_end(struct mt_thread *t, memtrack_scope *scope, memtrack_delta *out) {
    struct mt_scope_handle *h = (struct mt_scope_handle *)scope;
    if (h->magic == MAGIC && h->state == INERT) {
        h->state = ENDED;
        return 0;
    }
    int rc = fault_of(t, h);
    if (mt_unlikely(rc != 0))
        return rc;
    if (mt_likely(h->state == OPEN))
        return mt_scopes_thread_end(t, h, out);
    if (h->state == PROCESS)
        rc = mt_scopes_process_end(t, h, out);
    else
        rc = mt_scopes_thread_end_detached(t, h, out);
    h->state = ENDED;
    return rc;
}

int mt_scopes_set(struct mt_thread *t, const memtrack_scope *scope, const char *key,
                  const char *value) {
    const struct mt_scope_handle *h = (const struct mt_scope_handle *)scope;
    int rc = fault_of(t, h);
    struct mt_event e = {.scope = h->event, .kind = MT_EVENT_SET};
    if (rc != 0)
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
