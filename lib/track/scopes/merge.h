/* SPDX-License-Identifier: MIT */
/* Two scopes of threads that have measured parts of one task become one. */
#ifndef MT_TRACK_SCOPES_MERGE_H
#define MT_TRACK_SCOPES_MERGE_H

#include "memtrack.h"
#include "track/thread/thread.h"

/* Inside of an event (see track/guard.h). Returns 0 or -MEMTRACK_E..., as memtrack.h promises of
 * memtrack_scope_merge. */
MT_HIDDEN int mt_scopes_merge(const struct mt_thread *t, memtrack_scope *into,
                              memtrack_scope *from);

#endif
