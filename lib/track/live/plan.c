/* SPDX-License-Identifier: MIT */
/*
 * A redo log: what each word will be, not what is added to it, so that to do it twice is to do it
 * once. One store, n, says that all of it is written down, and another that all of it has been
 * done.
 */
#include "track/live/plan.h"

#include "track/live/count.h"

void mt_plan_begin(struct mt_thread *t, mt_site_id site) {
    t->plan.is_made = false;
    mt_barrier();
    t->plan.n_words = t->plan.n_entries = 0;
    t->plan.site = site;
}

void mt_plan_add(struct mt_thread *t, uint64_t *word, uint64_t change) {
    struct mt_plan *p = &t->plan;
    uint32_t i = 0;
    while (i < p->n_words && p->word[i].word != word)
        i++;
    if (i == p->n_words) {
        p->word[i] = (struct mt_planned_word){word, *word};
        p->n_words++;
    }
    p->word[i].value += change;
}

void mt_plan_enter(struct mt_thread *t, uint64_t key, struct mt_live_entry entry) {
    struct mt_plan *p = &t->plan;
    p->entry[p->n_entries++] = (struct mt_planned_entry){key, entry.bytes, entry.site, entry.era};
}

/* Puts an entry into the table. Returns false when there is no room. The old entry goes first: the
 * new one's size can call for another table. */
static bool enter(struct mt_thread *t, const struct mt_planned_entry *e) {
    struct mt_live_entry wanted = {e->bytes, e->site, e->era}, there = mt_live_look(t, e->key),
                         other;
    bool dropped = false;
    if (there.site == wanted.site && there.bytes == wanted.bytes && there.era == wanted.era)
        return true;
    if (there.site != 0)
        mt_live_take(t, e->key, NULL, &dropped);
    return wanted.site == 0 ||
           mt_live_put(t, mt_live_prepare(e->key), e->key, wanted, &other) == MT_PUT_NEW;
}

static void drop(struct mt_thread *t, const struct mt_planned_entry *e) {
    t->bank->rare.dropped++;
    mt_count_free(t, e->site, e->bytes, 0, false);
}

static void carry_out(struct mt_thread *t) {
    struct mt_plan *p = &t->plan;
    uint32_t without_room = 0;
    for (uint32_t i = 0; i < p->n_words; i++)
        /* This is a count of this thread, which others may be reading. */
        mt_store_relaxed(p->word[i].word, p->word[i].value);
    for (uint32_t i = 0; i < p->n_entries; i++)
        without_room |= (uint32_t)!enter(t, &p->entry[i]) << i;
    if (p->site != 0)
        mt_count_note_max(mt_sites_at(p->site));
    mt_count_note_live(t, t->bank->counters.live_bytes);
    mt_barrier();
    p->is_made = false;
    for (uint32_t i = 0; mt_unlikely(without_room != 0) && i < p->n_entries; i++)
        if (without_room >> i & 1)
            drop(t, &p->entry[i]);
}

void mt_plan_carry_out(struct mt_thread *t) {
    mt_barrier();
    t->plan.is_made = true;
    mt_barrier();
    carry_out(t);
}

bool mt_plan_recover(struct mt_thread *t) {
    if (!t->plan.is_made)
        return false;
    carry_out(t);
    return true;
}
