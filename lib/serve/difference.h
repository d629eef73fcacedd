/* SPDX-License-Identifier: MIT */
/* What was allocated and freed from one snapshot to a later one, as a profile. By one thread, but
 * for the making, which a worker does. */
#ifndef MT_SERVE_DIFFERENCE_H
#define MT_SERVE_DIFFERENCE_H

#include <stdbool.h>

#include "base/error.h"
#include "serve/snapshot.h"
#include "serve/worker.h"

struct mt_difference; /* opaque */

/* Has the worker make it, which holds both meanwhile. It opens on what was allocated, or on what is
 * live. Returns NULL when out of memory. */
struct mt_difference *mt_difference_new(struct mt_snapshot *from, struct mt_snapshot *to,
                                        bool of_allocations, struct mt_worker *worker);
/* Lets go of it, also while it is being made. NULL is fine. */
void mt_difference_free(struct mt_difference *difference);

/* Takes its bytes, malloc'ed, for the caller; data NULL: it is being made. Returns 0,
 * -MEMTRACK_ENOMEM or -MEMTRACK_ELIMIT. */
int mt_difference_take(struct mt_difference *difference, struct mt_body *bytes,
                       struct mt_error *error);

#endif
