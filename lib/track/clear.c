/* SPDX-License-Identifier: MIT */
/*
 * Nothing is touched but the control line: sites that were last changed before clear_epoch count as
 * zero, and become so at their next change; so do banks; blocks of eras before clear_era are not
 * known any more. An event that is under way goes by what it knew when it began, in all that it
 * counts: so it is before the clear as a whole, and its block is of an earlier era. The era is put
 * forward by one, so that blocks from now on are told from those of before. There are 8192 eras:
 * when they have been used up, all cleared blocks get era 0, which is before every clear_era, and
 * counting begins anew with the time.
 */
#include "track/clear.h"

#include "base/atomic.h"
#include "memtrack/error.h"
#include "track/ground/state.h"
#include "track/live/eras.h"
#include "track/live/live.h"
#include "track/request.h"
#include "track/scopes/process.h"
#include "track/scopes/totals.h"
#include "track/tables/banks.h"

#include <time.h>

static struct mt_lock clearing;

void mt_clear_start(void) {
    clearing = (struct mt_lock){0};
    mt_state.completed_clear = 0;
}

/* Waits until every event of another thread that was under way is over. It does not wait for
 * threads that have been stopped for good: one that has only lost its processor comes back in that
 * time. */
static void let_events_end(const struct mt_thread *t) {
    enum { NAPS = 2000, NAP_NS = 20000 };
    int naps = 0;
    for (mt_bank_id id = 1; id < mt_state.header->n_banks; id++) {
        const struct mt_bank *b = mt_banks_at(id);
        uint64_t sequence = mt_load_acquire(&b->sequence);
        while (b != t->bank && (sequence & 1) && mt_load_acquire(&b->sequence) == sequence)
            if (++naps > NAPS || !mt_os_nap(NAP_NS))
                return;
    }
}

/* When the eras have been used up: gives all blocks that have been cleared era 0. Those that have
 * come since are of the last era, and get the present one. Whatever instruction this comes to, what
 * is below clear_era has been cleared, and nothing else has. */
static void renumber_eras(struct mt_thread *t) {
    struct mt_control *c = t->control;
    /* Relaxed: only the clock raises it meanwhile, and to less than that. */
    if (mt_load_relaxed(&c->era) < MT_ERAS - 1)
        return;
    /* An event that goes by an earlier era has to enter its block before we look for it. */
    let_events_end(t);
    mt_live_set_era(t, 0, MT_ERAS - 2, 0);
    mt_store_ordered(&c->clear_era, 1);
    mt_eras_begin(mt_eras_of_now());
    let_events_end(t); /* so has one that goes by the last era */
    mt_live_set_era(t, MT_ERAS - 1, MT_ERAS - 1, c->era);
}

static void clear_counters(struct mt_control *c) {
    /* Relaxed: peaks may go on being counted meanwhile. */
    mt_store_release(&c->clear_epoch, mt_load_relaxed(&c->epoch) + MT_CLEAR_EPOCHS);
    mt_eras_complete_clear();
}

static bool clear_all(struct mt_thread *t) {
    if (!mt_scopes_process_lock())
        return false;
    bool done = mt_state_lock_growth();
    if (done) {
        mt_state.header->clear_ns = mt_os_clock_ns(CLOCK_MONOTONIC);
        clear_counters(t->control);
        mt_scopes_process_clear();
        mt_scopes_totals_clear();
        mt_state_unlock_growth(); /* no thread notices the clear before that */
    }
    mt_scopes_process_unlock();
    return done;
}

/* Takes the lock. Whoever has it may wait for all events to end; so this event ends first, and
 * begins again afterwards. */
static bool begin_clearing(struct mt_thread *t) {
    mt_own_add(&t->bank->sequence, 1);
    bool done = mt_lock_acquire(&clearing, MT_RANK_CLEARING);
    mt_own_add(&t->bank->sequence, 1);
    mt_barrier();
    if (mt_load_relaxed(&t->control->request.word) != t->request)
        mt_request_changed(t);
    return done;
}

/* Renumbering the eras takes time for each live block, so it is done under a lock that nothing else
 * waits for. */
int mt_clear(struct mt_thread *t) {
    if (!begin_clearing(t))
        return -MEMTRACK_EBUSY;
    renumber_eras(t); /* an earlier clear may have been left before it had done so */
    bool done = clear_all(t);
    renumber_eras(t);
    mt_lock_release(&clearing, MT_RANK_CLEARING);
    return done ? 0 : -MEMTRACK_EBUSY;
}
