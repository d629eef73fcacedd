/* SPDX-License-Identifier: MIT */
/* What each call path has changed: allocations, and frees too, where they were called. Inside of an
 * event (see track/guard.h), at its end. */
#ifndef MT_TRACK_LINES_CHANGES_H
#define MT_TRACK_LINES_CHANGES_H

#include "track/thread/thread.h"

/* Charge what the thread's counters have changed by since the last time to a call path, and to that
 * of the present event. */
MT_HIDDEN void mt_lines_changes_charge(struct mt_thread *t, mt_node_id node);
MT_HIDDEN void mt_lines_changes_charge_here(struct mt_thread *t);

#endif
