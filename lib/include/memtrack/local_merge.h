/* SPDX-License-Identifier: MIT */
/* memtrack_scope_merge in a process that is not recorded: two parts of one task become one. For
 * memtrack.h alone. */
#ifndef MEMTRACK_LOCAL_MERGE_H
#define MEMTRACK_LOCAL_MERGE_H

#include "memtrack/local_scopes.h"

#ifdef __cplusplus
extern "C" {
#endif

MEMTRACK_SYSTEM_FUNCTION_ int
memtrack_local_fault_of_detached_(const struct memtrack_local_thread_ *t,
                                  const struct memtrack_local_handle_ *h) {
    int rc = memtrack_local_fault_(t, h);
    return rc || h->state == MEMTRACK_LOCAL_DETACHED_ ? rc : -MEMTRACK_EUSAGE;
}

/* The time is that from the earlier begin on, as it passes for both. */
MEMTRACK_LOCAL_ int memtrack_local_scope_merge(memtrack_scope *into, memtrack_scope *from) {
    struct memtrack_local_handle_ *to = memtrack_local_handle_of_(into),
                                  *other = memtrack_local_handle_of_(from);
    struct memtrack_local_thread_ *t;
    int rc;
    if (!into || !from)
        return -MEMTRACK_EUSAGE;
    if (!(t = memtrack_local_enter_(&rc)))
        return rc;
    rc = memtrack_local_fault_of_detached_(t, to);
    if (rc == 0)
        rc = to == other ? -MEMTRACK_EUSAGE : memtrack_local_fault_of_detached_(t, other);
    if (rc == 0) {
        to->is_failed |= other->is_failed;
        if (to->weight && other->weight) { /* else one of them has no times */
            to->cpu_ns += other->cpu_ns * other->weight;
            if (other->begin_ns < to->begin_ns)
                to->begin_ns = other->begin_ns;
        }
        other->state = MEMTRACK_LOCAL_ENDED_;
    }
    return memtrack_local_leave_(t, rc);
}

#ifdef __cplusplus
}
#endif

#endif
