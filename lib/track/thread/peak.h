/* SPDX-License-Identifier: MIT */
/*
 * Tells the bytes that the process holds, and the most that it has ever held, from what each thread
 * counts for itself. The owner thread calls these functions, inside an event.
 */
#ifndef MT_TRACK_PEAK_H
#define MT_TRACK_PEAK_H

#include "track/thread/thread.h"

/* Notices a new peak of a thread that is alone: its live bytes are the process's. */
static inline void mt_peak_raise_alone(struct mt_thread *t) {
    struct mt_control *c = t->control;
    int64_t live = t->bank->counters.live_bytes;
    if (live > c->peak_bytes) {
        c->peak_bytes = t->high = live;
        c->epoch++;
    }
}

/* Publishes what the live bytes of one of several threads have changed by, notices a new peak and
 * sets a new window. Returns the process's current bytes, or INT64_MIN when the thread has yet to
 * learn that all of it has been cleared; then it has published nothing. */
MT_HIDDEN int64_t mt_peak_publish(struct mt_thread *t);

/* Lets the peak be what is live now. The thread has just published. */
MT_HIDDEN void mt_peak_reset(struct mt_thread *t);

#endif
