/* SPDX-License-Identifier: MIT */
/*
 * What an event asks when one comparison does not tell that all is as it was: whether this process
 * records, whether this thread is known, whether it is inside already, and what has changed. A
 * thread that is inside has been interrupted, or has left an event by longjmp: see left.h, and
 * recover.c for what becomes of that.
 */
#include "track/enter.h"

#include "base/atomic.h"
#include "track/ground/left.h"
#include "track/ground/state.h"
#include "track/process/confinement.h"
#include "track/recover.h"
#include "track/request.h"
#include "track/scopes/thread.h"
#include "track/start.h"
#include "track/threads.h"

enum { MOST_UNKNOWN = 256, MOST_REPLACED = 256 };

/* ---- a thread's first event ------------------------------------------------------------------ */

/* Ends the scopes that the thread that had this bank has left open, and counts missed events. */
static void end_old(struct mt_thread *t) {
    mt_scopes_thread_end_all(t);
    t->bank->rare.interrupted += mt_swap_relaxed(&mt_state.missed, 0); /* it is taken once */
}

/* Tells whether the thread registers itself already: then a signal handler has interrupted that. If
 * a handler has left it instead, it is begun again. */
static bool is_registering(const struct mt_hook_frame *frame) {
    if (mt_thread_registering == 0)
        return false;
    if (mt_left_fate(mt_thread_registering, frame) != MT_FATE_LEFT)
        return true;
    mt_lock_left();
    mt_state.was_left = mt_state.ledger.was_left = true;
    return false;
}

static struct mt_thread *register_thread(const struct mt_hook_frame *frame) {
    struct mt_thread *t = NULL;
    if (is_registering(frame)) {
        mt_add_relaxed(&mt_state.missed, 1);
        return NULL;
    }
    mt_thread_registering = (uint64_t)frame;
    if (mt_state_lock_growth()) {
        t = mt_threads_take_bank();
        mt_state_unlock_growth();
    }
    if (t != NULL) {
        mt_self = t;
        mt_recover(t, frame);
        mt_threads_reset(t);
        mt_threads_refresh(t);
        end_old(t);
    } else {
        mt_add_relaxed(&mt_state.missed, 1);
    }
    mt_thread_registering = 0;
    return t;
}

/*
 * The thread's memory belongs to an event on another stack, which may or may not be gone on with:
 * so it is left alone, with its bank, and the thread gets other memory. When that event has been
 * left for good, this is what it costs.
 */
static struct mt_thread *replace(struct mt_thread *t, const struct mt_hook_frame *frame) {
    if (mt_state.n_replaced >= MOST_REPLACED)
        return NULL;
    mt_state.n_replaced++;
    t->n_unknown = 0;
    /* No thread has this address, so nobody takes the bank for one whose owner has ended. */
    t->bank->owner = 0;
    t->bank->tid = 0;
    mt_self = NULL;
    return register_thread(frame);
}

/* ---- a thread that is known ------------------------------------------------------------------ */

/* For a thread that is inside the recorder already: returns true when that event will not be gone
 * on with, and then the thread's memory is whole again. */
static bool is_over(struct mt_thread *t, const struct mt_hook_frame *frame) {
    enum mt_fate fate = mt_left_fate(t->seen & ~MT_SEEN_BUSY, frame);
    if (fate == MT_FATE_LEFT) {
        mt_recover(t, frame);
        return true;
    }
    t->bank->rare.interrupted++;
    t->n_unknown = fate == MT_FATE_UNKNOWN ? t->n_unknown + 1 : 0;
    return false;
}

/* Tells whether registering has begun and not ended. Then it counts for nothing, even where the
 * thread has its memory and a bank already, as in a forked child. An event that interrupts it
 * further on finds the thread inside. */
static bool is_half_registered(const struct mt_thread *t, const struct mt_hook_frame *frame) {
    return mt_thread_registering != 0 &&
           (!mt_thread_is_busy(t) || mt_left_fate(mt_thread_registering, frame) == MT_FATE_LEFT);
}

struct mt_thread *mt_enter(const struct mt_hook_frame *frame) {
    if (mt_load_relaxed(&mt_page.state) == MT_STATE_UNKNOWN)
        mt_start(frame);
    if (mt_load_relaxed(&mt_page.state) >= MT_STATE_DORMANT && !mt_state_is_ours())
        return NULL;
    if (mt_load_relaxed(&mt_page.state) == MT_STATE_DORMANT && !mt_state_is_dormant())
        mt_request_wake();
    if (mt_load_acquire(&mt_page.state) < MT_STATE_FIRST) /* acquire: what was started is seen */
        return NULL;
    mt_confinement_expect_loaded();
    struct mt_thread *t = mt_self;
    if (t == NULL || t->bank == NULL || mt_unlikely(is_half_registered(t, frame))) {
        t = register_thread(frame);
        if (t == NULL)
            mt_add_relaxed(&mt_state.header->unrecorded, 1); /* this count is read alone */
        return t;
    }
    if (mt_thread_is_busy(t) && !is_over(t, frame))
        return t->n_unknown < MOST_UNKNOWN ? NULL : replace(t, frame);
    t->n_unknown = 0;
    t->seen = MT_SEEN_BUSY | (uint64_t)frame;
    /* Relaxed: a state that comes later is for the next event. */
    if (t->state != (mt_load_relaxed(&mt_page.state) | MT_SEEN_ASKS))
        mt_threads_refresh(t);
    return t;
}
