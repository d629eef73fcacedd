/* SPDX-License-Identifier: MIT */
/*
 * A task that does two things at the same time, in two threads, needs a scope in each, and is one
 * task all the same. Both scopes are detached when they are put together, so that what each has
 * measured lies in its handle, and adding up is all. The one that is merged is no event and counts
 * nowhere.
 *
 * The peaks of both were held at moments that nobody has compared, so that the larger one is taken:
 * the task has held at least that. The inner scopes of both may have run side by side, and their
 * times cannot be subtracted from the time that passed; only those of the first are.
 *
 * When one scope in N is measured, the other one counts N times if it was, and not at all if it was
 * not, which comes to the same over many tasks.
 */
#include "track/scopes/merge.h"

#include "track/scopes/open.h"
#include "track/scopes/thread.h"

static int fault_of_detached(const struct mt_thread *t, const struct mt_scope_handle *h) {
    int rc = fault_of(t, h);
    return rc != 0 || h->state == DETACHED ? rc : -MEMTRACK_EUSAGE;
}

static void add(struct mt_scope_handle *to, const struct mt_scope_handle *from) {
    to->is_failed |= from->is_failed;
    if (to->weight == 0 || from->weight == 0)
        return;
    mt_counters_add(&to->sum, &from->sum, (int)from->weight);
    to->cpu_ns += from->cpu_ns * from->weight;
    if (from->peak > to->peak)
        to->peak = from->peak;
    if (from->begin_ns < to->begin_ns)
        to->begin_ns = from->begin_ns;
    for (int i = 0; i < MT_N_SCOPE_VALUES; i++)
        if (i != MT_SCOPE_DURATION_NS)
            to->inner[i] =
                (int64_t)((uint64_t)to->inner[i] + (uint64_t)from->inner[i] * from->weight);
}

int mt_scopes_merge(const struct mt_thread *t, memtrack_scope *into, memtrack_scope *from) {
    struct mt_scope_handle *to = (struct mt_scope_handle *)into,
                           *other = (struct mt_scope_handle *)from;
    int rc = fault_of_detached(t, to);
    if (rc == 0)
        rc = to == other ? -MEMTRACK_EUSAGE : fault_of_detached(t, other);
    if (rc != 0)
        return rc;
    mt_scopes_thread_note_clear(t, to);
    mt_scopes_thread_note_clear(t, other);
    add(to, other);
    other->state = ENDED;
    return 0;
}
