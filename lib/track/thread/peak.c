/* SPDX-License-Identifier: MIT */
/*
 * The process's current bytes are the sum of what the banks have published. One thread alone
 * publishes nothing: its live bytes are the process's, every new high is a peak, and its window is
 * (-inf, peak]. With several, a thread publishes when its live bytes have moved by a bound that is
 * shared out so that all unpublished changes together stay below max(64 KiB, 0.1 % of the peak).
 */
#include "track/thread/peak.h"

#include "base/atomic.h"
#include "track/ground/state.h"
#include "track/thread/ceiling.h"

enum { MIN_ERROR = 64 << 10, ERROR_SHIFT = 10 };

/* change has just been published. */
static int64_t window(struct mt_thread *t, int64_t change) {
    if (mt_state.options.exact_peak) {
        if (mt_ceiling_is_set())
            mt_ceiling_note(t, change);
        return 0;
    }
    /* Relaxed: the window is a bound, for which any peak that has been is good enough. */
    int64_t error = mt_load_relaxed(&mt_state.header->control.peak_bytes) >> ERROR_SHIFT;
    if (error < MIN_ERROR)
        error = MIN_ERROR;
    return error / (2 * (int64_t)mt_load_relaxed(&mt_state.header->n_banks));
}

static void note_peak(struct mt_control *c, int64_t current) {
    /* Relaxed: of several threads the highest wins, whichever comes first. */
    int64_t peak = mt_load_relaxed(&c->peak_bytes);
    while (current > peak)
        if (mt_replace_relaxed(&c->peak_bytes, &peak, current)) {
            mt_add_relaxed(&c->epoch, 1); /* all that matters is that the number is a new one */
            return;
        }
}

int64_t mt_peak_publish(struct mt_thread *t) {
    struct mt_bank *b = t->bank;
    struct mt_control *c = t->control;
    int64_t live = b->counters.live_bytes;
    /* A clear that comes later finds nothing to undo. */
    if (mt_unlikely(mt_load_relaxed(&c->clear_epoch) != t->clear_epoch))
        return INT64_MIN;
    int64_t change = live - b->published_bytes;
    b->published_bytes = live;
    /* Relaxed: it is the sum of all changes, in some order. */
    int64_t current = mt_add_relaxed(&c->current_bytes, change) + change;
    note_peak(c, current);
    int64_t w = window(t, change);
    t->low = live - w;
    t->high = live + w;
    return current;
}

/* Another thread can publish a higher current meanwhile: then that is the peak. */
void mt_peak_reset(struct mt_thread *t) {
    struct mt_control *c = t->control;
    int64_t live = t->shared ? mt_load_relaxed(&c->current_bytes) : t->bank->counters.live_bytes;
    mt_store_relaxed(&c->peak_bytes, live);
    mt_add_relaxed(&c->epoch, 1);
    if (!t->shared)
        t->high = live;
}
