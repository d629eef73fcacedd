/* SPDX-License-Identifier: MIT */
/*
 * The bytes that the process holds and the most that it ever has, from what each thread counts for
 * itself. Owner thread only, inside an event.
 */
#ifndef MT_TRACK_PEAK_H
#define MT_TRACK_PEAK_H

#include "track/thread/thread.h"

/* The thread is alone, and its live bytes are the process's. */
static inline void mt_peak_raise_alone(struct mt_thread *t) {
    struct mt_control *c = t->control;
    int64_t live = t->bank->counters.live_bytes;
    if (live > c->peak_bytes) {
        c->peak_bytes = t->high = live;
        c->epoch++;
    }
}

/* With several threads: publish what this one's live bytes have changed by, notice a new peak, set
 * a new window. Returns the process's current bytes, INT64_MIN: the thread has yet to learn that
 * all of it has been cleared, and has published nothing. */
MT_HIDDEN int64_t mt_peak_publish(struct mt_thread *t);

/* Let the peak be what is live now. The thread has just published. */
MT_HIDDEN void mt_peak_reset(struct mt_thread *t);

#endif
