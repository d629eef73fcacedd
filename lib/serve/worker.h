/* SPDX-License-Identifier: MIT */
/*
 * A thread that does what takes long, one thing after the other, while the thread that asked for it
 * goes on. All functions here are for that one thread. Things are handed over whole: while a work is
 * being done its fields, and what they point to, are the worker's, and before and afterwards they
 * are the asker's. So nothing but the queue itself needs a lock.
 */
#ifndef MT_SERVE_WORKER_H
#define MT_SERVE_WORKER_H

#include <stdbool.h>

#include "base/error.h"

/* The first member of whatever is to be done. */
struct mt_work {
    void (*work)(struct mt_work *work); /* by the worker */
    void (*done)(struct mt_work *work); /* by the asker, afterwards; may free it, or add it again */
    struct mt_work *next;               /* private */
};

struct mt_worker; /* opaque */

/* Starts the thread, which gets no signals. Returns 0, -MEMTRACK_ENOMEM or -MEMTRACK_EIO. */
int mt_worker_new(struct mt_worker **out, struct mt_error *error);

/* Ends it, and returns true, when there is nothing to do and nothing to collect. Else returns false
 * and leaves the thread, its worker and all that it reads alone, but for that it begins nothing new.
 * NULL is fine. */
bool mt_worker_free(struct mt_worker *worker);

/* Adds something to the end of the queue, or as what is next. */
void mt_worker_add(struct mt_worker *worker, struct mt_work *work);
void mt_worker_add_next(struct mt_worker *worker, struct mt_work *work);

/* Returns a descriptor that can be read from when something has been done. */
int mt_worker_fd(const struct mt_worker *worker);

/* Calls what is to be called after the works that have been done since. Returns whether there were
 * any. */
bool mt_worker_collect(struct mt_worker *worker);

#endif
