/* SPDX-License-Identifier: MIT */
/* Each is a plan: the counters of the site and of the thread, and what is in the table. */
#include "track/live/blocks.h"

#include "track/ground/state.h"
#include "track/live/count.h"
#include "track/live/plan.h"
#include "track/live/sampling.h"
#include "track/thread/ceiling.h"

/* Returns how much more than its bytes a block counts for in the thread's live bytes, since it
 * stands for others when blocks are sampled: see sampling.h. */
static int64_t extra(uint64_t bytes) {
    uint64_t period = mt_state.options.sample_bytes;
    return period != 0 && bytes != 0 ? mt_sampling_weight(bytes, period) - (int64_t)bytes : 0;
}

static void add(struct mt_thread *t, struct mt_counters *c, const struct mt_counters *change) {
    mt_plan_add(t, (uint64_t *)&c->live_bytes, (uint64_t)change->live_bytes);
    mt_plan_add(t, &c->allocated_bytes, change->allocated_bytes);
    mt_plan_add(t, &c->allocated_blocks, change->allocated_blocks);
    mt_plan_add(t, &c->freed_blocks, change->freed_blocks);
    mt_plan_add(t, &c->temporary_blocks, change->temporary_blocks);
}

static bool is_counted(const struct mt_thread *t, struct mt_live_entry entry) {
    return entry.era >= t->clear_era;
}

static void begin(struct mt_thread *t, mt_site_id site, struct mt_counters change, int64_t more) {
    struct mt_site *s = site != 0 ? mt_count_record_of(t, &site) : NULL;
    mt_plan_begin(t, site);
    if (s == NULL && mt_ceiling_is_set()) /* the block was cleared, and is there all the same */
        mt_ceiling_note(t, change.live_bytes);
    if (s == NULL)
        return;
    mt_sites_save(t, s, site);
    add(t, &s->counters, &change);
    change.live_bytes += more;
    add(t, &t->bank->counters, &change);
}

static void carry_out(struct mt_thread *t) {
    mt_plan_carry_out(t);
    int64_t live = t->bank->counters.live_bytes;
    if (live > t->high || live < t->low)
        mt_scopes_process_publish(t);
}

void mt_blocks_end(struct mt_thread *t, uint64_t key, struct mt_live_entry entry, bool temporary) {
    mt_site_id site = is_counted(t, entry) ? entry.site : 0;
    struct mt_counters change = {.live_bytes = -(int64_t)entry.bytes,
                                 .freed_blocks = 1,
                                 .temporary_blocks = temporary ? 1 : 0};
    begin(t, site, change, -extra(entry.bytes));
    mt_plan_enter(t, key, (struct mt_live_entry){0});
    carry_out(t);
}

void mt_blocks_pass(struct mt_thread *t, mt_site_id site, uint64_t bytes) {
    struct mt_counters change = {
        .allocated_bytes = bytes, .allocated_blocks = 1, .freed_blocks = 1};
    begin(t, site, change, 0);
    carry_out(t);
}

static struct mt_counters growth(struct mt_live_entry entry, uint64_t bytes) {
    int64_t change = (int64_t)(bytes - entry.bytes);
    return (struct mt_counters){.live_bytes = change,
                                .allocated_bytes = change > 0 ? (uint64_t)change : 0};
}

void mt_blocks_resize(struct mt_thread *t, uint64_t key, struct mt_live_entry entry,
                      uint64_t bytes) {
    mt_site_id site = is_counted(t, entry) ? entry.site : 0;
    begin(t, site, growth(entry, bytes), extra(bytes) - extra(entry.bytes));
    entry.bytes = bytes;
    mt_plan_enter(t, key, entry);
    carry_out(t);
}

void mt_blocks_cut(struct mt_thread *t, uint64_t key, struct mt_live_entry entry, uint64_t left,
                   uint64_t right_key, uint64_t right) {
    mt_site_id site = is_counted(t, entry) ? entry.site : 0;
    struct mt_counters change = growth(entry, left + right);
    change.allocated_blocks = left != 0 && right != 0;
    begin(t, site, change, extra(left) + extra(right) - extra(entry.bytes));
    entry.bytes = left;
    mt_plan_enter(t, key, left != 0 ? entry : (struct mt_live_entry){0});
    entry.bytes = right;
    if (right != 0)
        mt_plan_enter(t, right_key, entry);
    carry_out(t);
}
