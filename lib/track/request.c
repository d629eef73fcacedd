/* SPDX-License-Identifier: MIT */
/*
 * Nothing here costs the hot path more than one comparison of a word that it has in its cache
 * anyway. Saved copies of sites lie in chunks beside the sites' own, made when a cut first touches
 * them: a process that is never looked at pays no memory for them, and one that is looked at often
 * pays once.
 */
#include "track/request.h"

#include "base/pages.h"
#include "ledger/writer/table.h"
#include "track/live/live.h"
#include "track/scopes/scopes.h"
#include "track/tables/identities.h"
#include "track/tables/sites.h"
#include "track/threads.h"

#include <time.h>

enum { MAX_CHUNKS = (1 << MT_SITE_BITS) / MT_SITES_PER_CHUNK };

static void *chunk[MAX_CHUNKS] MT_PAGES_CLOSED;
static struct mt_table table =
    MT_TABLE(chunk, struct mt_saved_site, MT_SITES_PER_CHUNK, MT_EXTENT_SAVED, 64);
static struct mt_lock clearing;

void mt_request_start(bool off) {
    mt_table_start(&table);
    clearing = (struct mt_lock){0};
    mt_state.off = off;
    mt_state.header->control.request.off = off;
}

static bool is_unusual(void) {
    return mt_load_ordered(&mt_state.off) || mt_state.has_pauses || mt_rules_are_unloading() ||
           mt_options_are_unusual(&mt_state.options);
}

void mt_state_note_unusual(void) {
    bool is;
    do { /* the last of several threads that get here has it right */
        is = is_unusual();
        mt_store_ordered(&mt_state.unusual, is);
    } while (is != is_unusual());
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

/* ---- cuts ------------------------------------------------------------------------------------ */

static void save_bank(struct mt_bank *b, uint32_t cut) {
    if (b->saved.cut == cut)
        return;
    b->saved.counters = b->counters;
    b->saved.rare = b->rare;
    b->saved.published_bytes = b->published_bytes;
    b->saved.unsaved = 0;
    b->saved.clear_epoch = b->clear_epoch;
    mt_store_release(&b->saved.cut, cut); /* the copy is whole */
}

/* The first thread that learns of the cut; the others wait for it before they change anything. */
static void save_control(struct mt_thread *t, uint32_t cut) {
    struct mt_saved_control *saved = &mt_state.header->saved_control;
    if (mt_load_acquire(&saved->cut) == cut || !mt_state_lock_growth())
        return;
    if (saved->cut != cut) {
        saved->epoch = t->control->epoch;
        saved->current_bytes = t->control->current_bytes;
        saved->peak_bytes = t->control->peak_bytes;
        saved->clear_epoch = t->control->clear_epoch;
        mt_store_release(&saved->cut, cut); /* likewise */
    }
    mt_state_unlock_growth();
}

bool mt_saved_reserve(mt_site_id id) {
    return mt_table_reserve(&mt_state.ledger, &table, id);
}

static bool make_room(mt_site_id id) {
    if (!mt_state_lock_growth())
        return false;
    bool is_there = mt_table_reserve(&mt_state.ledger, &table, id);
    mt_state_unlock_growth();
    return is_there;
}

void mt_saved_keep_site(struct mt_thread *t, mt_site_id id) {
    struct mt_saved_site *saved =
        mt_table_find(chunk, struct mt_saved_site, MT_SITES_PER_CHUNK, id);
    if (saved == NULL && make_room(id))
        saved = mt_table_item(chunk, struct mt_saved_site, MT_SITES_PER_CHUNK, id);
    if (saved == NULL) {
        t->bank->saved.unsaved++;
        return;
    }
    if (saved->cut == t->cut)
        return;
    const struct mt_site *s = mt_sites_at(id);
    saved->counters = s->counters;
    saved->at_peak = s->at_peak;
    saved->max_bytes = s->max_bytes;
    saved->waste_bytes = s->waste_bytes;
    mt_store_release(&saved->cut, t->cut); /* likewise */
}

/* Acquire: an era that a clear has begun comes with its clear_epoch, and is for after that: see
 * threads.c. */
static void note_era(struct mt_thread *t) {
    uint32_t era = mt_load_acquire(&t->control->era),
             clear_era = mt_load_acquire(&t->control->clear_era);
    if (mt_load_relaxed(&t->control->clear_epoch) != t->clear_epoch)
        return;
    t->era = era;
    t->clear_era = clear_era;
}

void mt_request_changed(struct mt_thread *t) {
    union mt_request now = {
        .word =
            mt_load_acquire(&t->control->request.word)}; /* what its reader wrote before it asked */
    switch_recording(now.off != 0);
    note_era(t);
    t->cut = now.cut & 1 ? now.cut : 0;
    if (t->cut != 0) {
        save_bank(t->bank, t->cut);
        save_control(t, t->cut);
    }
    t->request = now.word; /* last: until then all of this is done again */
}

/* ---- eras ------------------------------------------------------------------------------------ */

void mt_eras_look(void) {
    struct mt_ledger_header *h = mt_state.header;
    if (!mt_os_may(SYS_clock_gettime))
        return;
    uint32_t era = mt_era_at(mt_os_clock_ns(CLOCK_MONOTONIC) - h->start_monotonic_ns);
    uint32_t seen = mt_load_relaxed(&h->control.era); /* to be compared again */
    if (era <= seen)
        return;
    h->era_seen[era] = 1;
    if (!mt_replace_both(&h->control.era, &seen, era)) /* era_seen says so already */
        return; /* a clear, or another thread, has come in between */
    mt_store_release(&h->control.request.era, (uint16_t)era);
    if (mt_self != NULL)
        mt_identities_look(
            mt_self); /* a name that was written to /proc/self/comm, or by a call of its own */
}

/* ---- clearing -------------------------------------------------------------------------------- */

/*
 * Nothing is touched but the control line: sites that were last changed before clear_epoch count as
 * zero, and become so at their next change; so do banks; blocks of eras before clear_era are not
 * known any more. An event that is under way goes by what it knew when it began, in all that it
 * counts: so it is before the clear as a whole, and its block is of an earlier era. Epochs are put
 * forward by more than there are peaks while this is done. The era is put forward by one, so that
 * blocks from now on are told from those of before. There are 8192 eras: when they have been used
 * up, all blocks get era 0, which is before every clear_era, and counting begins anew with the
 * time.
 */
#define CLEAR_EPOCHS (UINT64_C(1) << 32)

static void begin_era(uint32_t era) {
    struct mt_ledger_header *h = mt_state.header;
    h->era_seen[era] = 1;
    mt_store_release(&h->control.era, era); /* after the clear_epoch that it belongs to */
    mt_store_release(&h->control.request.era, (uint16_t)era);
}

/* The one after the present one, which others may be raising. */
static uint32_t begin_next_era(void) {
    struct mt_ledger_header *h = mt_state.header;
    uint32_t era = mt_load_relaxed(&h->control.era), next; /* to be compared again */
    do {
        next = (era + 1) % MT_ERAS; /* whatever somebody may have written there */
        h->era_seen[next] = 1;
    } while (!mt_replace_both(&h->control.era, &era, next));
    mt_store_release(&h->control.request.era, (uint16_t)next);
    return next;
}

static uint32_t era_of_now(void) {
    struct mt_ledger_header *h = mt_state.header;
    uint32_t era = !mt_os_may(SYS_clock_gettime)
                       ? 1
                       : mt_era_at(mt_os_clock_ns(CLOCK_MONOTONIC) - h->start_monotonic_ns);
    return era == 0 ? 1 : era < MT_ERAS / 2 ? era : MT_ERAS / 2;
}

/* Every event of another thread that was under way is over, but for those of threads that have been
 * stopped: one that has only lost its processor comes back in that time. */
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

/* Blocks that come meanwhile are of the last era, and then of the present one. */
static void renumber_eras(struct mt_thread *t) {
    struct mt_control *c = t->control;
    begin_era(MT_ERAS - 1);
    mt_store_ordered(&c->clear_era, MT_ERAS - 1);
    let_events_end(t); /* one that goes by an earlier era enters its block before we look for it */
    mt_live_set_era(t, 0, MT_ERAS - 2, 0);
    mt_store_ordered(&c->clear_era, 1);
    begin_era(era_of_now());
    let_events_end(t); /* likewise of the last era */
    mt_live_set_era(t, MT_ERAS - 1, MT_ERAS - 1, c->era);
}

static void clear_counters(struct mt_control *c) {
    uint64_t epoch =
        mt_load_relaxed(&c->epoch) + CLEAR_EPOCHS; /* peaks may go on being counted meanwhile */
    mt_store_release(&c->clear_epoch, epoch);
    mt_store_release(&c->clear_era, begin_next_era());
    mt_add_release(&c->epoch, CLEAR_EPOCHS); /* whoever sees it sees clear_epoch */
    mt_store_relaxed(&c->current_bytes, 0);  /* of events that know of it; others publish no more */
    mt_store_relaxed(&c->peak_bytes, 0);
}

static bool clear_all(struct mt_thread *t) {
    if (!mt_scopes_process_lock())
        return false;
    bool done = mt_state_lock_growth();
    if (done) {
        clear_counters(t->control);
        mt_state_unlock_growth();
        mt_scopes_process_clear();
        mt_state_flag(MT_FLAG_CLEARED);
        mt_state_changed();
    }
    mt_scopes_process_unlock();
    return done;
}

/* Who has the lock may wait for all events to end: so this one has, and begins again. */
static bool begin_clearing(struct mt_thread *t) {
    mt_own_add(&t->bank->sequence, 1);
    bool done = mt_lock_acquire(&clearing, MT_RANK_CLEARING);
    mt_own_add(&t->bank->sequence, 1);
    mt_barrier();
    if (mt_load_relaxed(&t->control->request.word) != t->request)
        mt_request_changed(t);
    return done;
}

/* To renumber eras takes as long as there are live blocks: under a lock that nothing else waits
 * for. */
int mt_clear(struct mt_thread *t) {
    if (!begin_clearing(t))
        return -MEMTRACK_EBUSY;
    if (mt_load_relaxed(&t->control->era) + 2 >=
        MT_ERAS) /* from here on it is raised by clocks, to less than that */
        renumber_eras(t);
    bool done = clear_all(t);
    mt_lock_release(&clearing, MT_RANK_CLEARING);
    return done ? 0 : -MEMTRACK_EBUSY;
}
