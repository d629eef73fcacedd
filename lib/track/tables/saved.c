/* SPDX-License-Identifier: MIT */
/*
 * Copies of sites lie in chunks beside the sites' own, made when a cut first touches them: a
 * process that is never looked at pays no memory for them, and one that is looked at often pays
 * once.
 */
#include "track/tables/saved.h"

#include "base/pages.h"
#include "ledger/writer/table.h"
#include "track/ground/state.h"

enum { MAX_CHUNKS = (1 << MT_SITE_BITS) / MT_SITES_PER_CHUNK };

static void *chunk[MAX_CHUNKS] MT_PAGES_CLOSED;
static struct mt_table table =
    MT_TABLE(chunk, struct mt_saved_site, MT_SITES_PER_CHUNK, MT_EXTENT_SAVED, 64);

void mt_saved_start(void) {
    mt_table_start(&table);
}

void mt_saved_keep_bank(struct mt_thread *t) {
    struct mt_bank *b = t->bank;
    if (b->saved.cut == t->cut)
        return;
    b->saved.counters = b->counters;
    b->saved.rare = b->rare;
    b->saved.published_bytes = b->published_bytes;
    b->saved.unsaved = 0;
    b->saved.clear_epoch = b->clear_epoch;
    mt_store_release(&b->saved.cut, t->cut); /* the copy is whole */
}

void mt_saved_keep_control(struct mt_thread *t) {
    struct mt_saved_control *saved = &mt_state.header->saved_control;
    if (mt_load_acquire(&saved->cut) == t->cut || !mt_state_lock_growth())
        return;
    if (saved->cut != t->cut) {
        saved->epoch = t->control->epoch;
        saved->current_bytes = t->control->current_bytes;
        saved->peak_bytes = t->control->peak_bytes;
        saved->clear_epoch = t->control->clear_epoch;
        mt_store_release(&saved->cut, t->cut); /* the copy is whole */
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

void mt_saved_keep_site(struct mt_thread *t, const struct mt_site *s, mt_site_id id) {
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
    saved->counters = s->counters;
    saved->at_peak = s->at_peak;
    saved->max_bytes = s->max_bytes;
    saved->waste_bytes = s->waste_bytes;
    mt_store_release(&saved->cut, t->cut); /* the copy is whole */
}
