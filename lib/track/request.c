/* SPDX-License-Identifier: MIT */
/*
 * Nothing here costs the hot path more than one comparison of a word that it has in its cache
 * anyway.
 */
#include "track/request.h"

#include "base/atomic.h"
#include "track/ground/state.h"
#include "track/tables/saved.h"

void mt_request_start(bool off) {
    mt_state.off = off;
    mt_state.header->control.request.off = off;
}

/* ---- on and off ------------------------------------------------------------------------------ */

static void switch_recording(bool off) {
    if (mt_swap_relaxed(&mt_state.off, off) == off)
        return;
    mt_state_flag(MT_FLAG_SWITCHED);
    mt_state_note_unusual();
}

void mt_request_wake(void) {
    uint64_t expected = MT_STATE_DORMANT;
    switch_recording(false);
    mt_replace_both(&mt_page.state, &expected, (uint64_t)MT_STATE_FIRST);
}

/* ---- what has been asked for ----------------------------------------------------------------- */

/* Acquire: whoever sees an era that a clear has begun also sees its clear_epoch. A thread that has
 * not noted that epoch yet leaves the era for note_clear in threads.c. */
static void note_era(struct mt_thread *t) {
    uint32_t era = mt_load_acquire(&t->control->era),
             clear_era = mt_load_acquire(&t->control->clear_era);
    if (mt_load_relaxed(&t->control->clear_epoch) != t->clear_epoch)
        return;
    t->era = era;
    t->clear_era = clear_era;
}

void mt_request_changed(struct mt_thread *t) {
    /* Acquire: what the reader wrote before it asked is seen. */
    union mt_request now = {.word = mt_load_acquire(&t->control->request.word)};
    switch_recording(now.off != 0);
    note_era(t);
    t->cut = now.cut & 1 ? now.cut : 0;
    if (t->cut != 0) {
        mt_saved_keep_bank(t);
        mt_saved_keep_control(t);
    }
    t->request = now.word; /* last: if this is left before, all of it is done again */
}
