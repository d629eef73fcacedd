/* SPDX-License-Identifier: MIT */
/* See eras.h. The era is in two words of the control line, of which header.era_seen tells before
 * either does. */
#include "track/live/eras.h"

#include "base/atomic.h"
#include "track/ground/state.h"
#include "track/tables/identities.h"

#include <time.h>

void mt_eras_look(void) {
    struct mt_ledger_header *h = mt_state.header;
    if (!mt_os_may(SYS_clock_gettime))
        return;
    uint32_t era = mt_era_at(mt_os_clock_ns(CLOCK_MONOTONIC) - h->start_monotonic_ns);
    uint32_t seen = mt_load_relaxed(&h->control.era); /* it is compared again below */
    if (era <= seen)
        return;
    h->era_seen[era] = 1;
    if (!mt_replace_both(&h->control.era, &seen, era)) /* whoever sees it sees era_seen, too */
        return; /* a clear, or another thread, has come in between */
    mt_store_release(&h->control.request.era, (uint16_t)era);
    /* The thread may have been named by writing to /proc/self/comm, or by a raw system call. */
    if (mt_self != NULL)
        mt_identities_look(mt_self);
}

void mt_eras_begin(uint32_t era) {
    struct mt_ledger_header *h = mt_state.header;
    h->era_seen[era] = 1;
    mt_store_release(&h->control.era, era); /* whoever sees it sees the clear_epoch it belongs to */
    mt_store_release(&h->control.request.era, (uint16_t)era);
}

uint32_t mt_eras_begin_next(void) {
    struct mt_ledger_header *h = mt_state.header;
    uint32_t era = mt_load_relaxed(&h->control.era), next; /* it is compared again below */
    do {
        next = (era + 1) % MT_ERAS; /* in range, whatever somebody may have written there */
        h->era_seen[next] = 1;
    } while (!mt_replace_both(&h->control.era, &era, next));
    mt_store_release(&h->control.request.era, (uint16_t)next);
    return next;
}

void mt_eras_complete_clear(void) {
    struct mt_control *c = &mt_state.header->control;
    /* Relaxed: peaks may go on being counted, but do not make up for a clear. */
    uint64_t clear_epoch = mt_load_relaxed(&c->clear_epoch);
    if (mt_state.completed_clear == clear_epoch)
        return;
    if (mt_load_relaxed(&c->epoch) < clear_epoch) {
        mt_store_release(&c->clear_era, mt_eras_begin_next());
        /* Events that do not know of the clear yet publish no more. */
        mt_store_relaxed(&c->current_bytes, 0);
        mt_store_relaxed(&c->peak_bytes, 0);
        /* Last: whoever sees it sees clear_epoch, and a reader that does not completes the clear. */
        mt_add_release(&c->epoch, MT_CLEAR_EPOCHS);
    }
    mt_state_flag(MT_FLAG_CLEARED);
    mt_state_changed();
    mt_barrier();
    mt_state.completed_clear = clear_epoch;
}

uint32_t mt_eras_of_now(void) {
    struct mt_ledger_header *h = mt_state.header;
    uint32_t era = !mt_os_may(SYS_clock_gettime)
                       ? 1
                       : mt_era_at(mt_os_clock_ns(CLOCK_MONOTONIC) - h->start_monotonic_ns);
    return era == 0 ? 1 : era < MT_ERAS / 2 ? era : MT_ERAS / 2;
}
