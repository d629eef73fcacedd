/* SPDX-License-Identifier: MIT */
/*
 * The hot path. One event: enter (one comparison says that all is as it was), the call path, the site, the table of
 * live blocks, the counters, leave. With one thread there is no atomic instruction in it; with several, one exchange
 * for the region's lock. What being inside an event means is in event.h.
 */
#include "track/record.h"

#include "track/event.h"
#include "track/live.h"
#include "track/paths.h"
#include "track/request.h"
#include "track/sampling.h"
#include "track/sites.h"
#include "track/threads.h"

static inline void note_live(struct mt_thread *t, int64_t live) {
    if (mt_unlikely(live > t->bank->scope_high))
        t->bank->scope_high = live;
}

static inline void count_allocation(struct mt_thread *t, struct mt_site *s, mt_site_id id, uint64_t bytes) {
    mt_sites_save(t, s, id);
    s->counters.allocated_blocks++;
    s->counters.allocated_bytes += bytes;
    int64_t live = s->counters.live_bytes += (int64_t)bytes;
    if (live > s->max_bytes)
        s->max_bytes = live;
    if (mt_unlikely((++t->bank->counters.allocated_blocks & (MT_ERA_EVENTS - 1)) == 0))
        mt_request_new_era();
    t->bank->counters.allocated_bytes += bytes;
    note_live(t, t->bank->counters.live_bytes += (int64_t)bytes);
    if (mt_unlikely(t->bank->counters.live_bytes > t->high))
        mt_threads_publish(t);
}

/* The record in which this thread counts what happens to a block of site id, about to be changed. */
static inline struct mt_site *own_record(struct mt_thread *t, mt_site_id id) {
    struct mt_site *s = mt_site_at(id);
    if (mt_unlikely(s->bank != t->bank_id)) {
        id = mt_sites_foreign(t, id);
        s = mt_site_at(id);
    }
    mt_sites_save(t, s, id);
    return s;
}

/* Sites hold what was recorded and are scaled by the reader; the process's live bytes, which decide when the peak is, are
 * estimated here, where each block's size is known. */
static void weigh(struct mt_thread *t, uint64_t bytes, int sign) {
    uint64_t period = mt_tracker.options.sample_bytes;
    if (period == 0)
        return;
    t->bank->counters.live_bytes += sign * (mt_sampling_weight(bytes, period) - (int64_t)bytes);
    if (t->bank->counters.live_bytes > t->high || t->bank->counters.live_bytes < t->low)
        mt_threads_publish(t);
}

static inline void count_free(struct mt_thread *t, mt_site_id id, uint64_t bytes, int64_t waste, bool temporary) {
    struct mt_site *s = own_record(t, id);
    s->counters.freed_blocks++;
    s->counters.live_bytes -= (int64_t)bytes;
    t->bank->counters.freed_blocks++;
    if (temporary) {
        s->counters.temporary_blocks++;
        t->bank->counters.temporary_blocks++;
    }
    if (mt_unlikely(waste != 0))
        s->waste_bytes -= waste;
    t->bank->counters.live_bytes -= (int64_t)bytes;
    if (mt_unlikely(mt_tracker.unusual))
        weigh(t, bytes, -1);
    if (mt_unlikely(t->bank->counters.live_bytes < t->low))
        mt_threads_publish(t);
}

static MT_NOINLINE int64_t waste_of(void *block, uint64_t bytes) {
    return mt_tracker.usable_size != NULL ? (int64_t)(mt_tracker.usable_size(block) - bytes) : 0;
}

static inline struct mt_frame_state state_of(const struct mt_hook_frame *frame) {
    return (struct mt_frame_state){
        .pc = frame->return_address, .sp = (uint64_t)frame->caller_stack, .bp = frame->caller_bp};
}

static MT_NOINLINE void check_walk(struct mt_thread *t, mt_node_id node, const struct mt_hook_frame *frame) {
    static __thread uint64_t *plain __attribute__((tls_model("initial-exec")));
    struct mt_stack *s = &t->stack;
    if (plain == NULL && (plain = mt_os_private(s->max_frames * sizeof *plain)) == NULL)
        return;
    bool is_whole = mt_walk_check(s);
    uint32_t n = mt_walk_plain(s, state_of(frame), plain, s->max_frames);
    if (node != MT_NODE_LOSSY && (!is_whole || !mt_paths_equal(node, plain, n)))
        t->bank->rare.unwind_mismatches++;
}

static inline bool was_cleared(const struct mt_thread *t, struct mt_live_entry entry) {
    return mt_unlikely(entry.era < t->control->clear_era);
}

static MT_NOINLINE void missed_free(struct mt_thread *t, struct mt_live_entry replaced) {
    if (!was_cleared(t, replaced))
        count_free(t, replaced.site, replaced.bytes, 0, false);
}

void mt_record_expect(void) {
    struct mt_thread *t = mt_self;
    if (t != NULL) {
        t->last_before = t->last_block;
        t->last_block = NULL;
    }
}

void mt_record_expected(void *block, size_t bytes, const struct mt_hook_frame *frame) {
    struct mt_thread *t = mt_self;
    if (block == NULL && t != NULL)
        t->last_block = t->last_before; /* a failure is no event between an allocation and its free */
    if (block == NULL || t == NULL || t->last_block != block)
        mt_record_allocation(block, bytes, frame);
}

/* A block that found no room among the live ones: the totals stay exact, it counts as freed at once. */
static MT_NOINLINE void drop(struct mt_thread *t, mt_site_id site, uint64_t bytes) {
    t->bank->rare.dropped++;
    if (site == 0)
        return;
    struct mt_site *s = mt_site_at(site);
    mt_sites_save(t, s, site);
    s->counters.allocated_blocks++;
    s->counters.freed_blocks++;
    s->counters.allocated_bytes += bytes;
    t->bank->counters.allocated_blocks++;
    t->bank->counters.allocated_bytes += bytes;
    t->bank->counters.freed_blocks++;
}

/* The path of what belongs to a domain or a scope. */
static MT_NOINLINE mt_node_id belonging_to(struct mt_thread *t, mt_node_id node) {
    if (t->domain != 0)
        node = mt_paths_leaf(t, node, MT_NODE_MODULE_DOMAIN, t->domain);
    if (t->scope != 0)
        node = mt_paths_leaf(t, node, MT_NODE_MODULE_SCOPE, t->scope);
    return node;
}

/* Returns the site that counts the block, NULL when it could not be recorded. */
static inline __attribute__((always_inline)) struct mt_site *record(struct mt_thread *t, void *block, uint64_t bytes,
                                                                    const struct mt_hook_frame *frame) {
    struct mt_region *region = mt_live_prepare((uint64_t)block);
    mt_node_id node = mt_walk(&t->stack, state_of(frame), mt_paths_child, t, MT_NODE_ROOT, MT_NODE_TRUNCATED);
    if (mt_unlikely((t->scope | t->domain) != 0))
        node = belonging_to(t, node);
    mt_site_id site = mt_sites_own(t, node, mt_size_class(bytes));
    struct mt_live_entry entry = {bytes, site, t->control->era}, replaced = {0};
    t->last_block = NULL;
    if (mt_unlikely(site == 0 || !mt_live_put(t, region, (uint64_t)block, entry, &replaced))) {
        drop(t, site, bytes);
        return NULL;
    }
    if (mt_unlikely(replaced.site != 0))
        missed_free(t, replaced);
    struct mt_site *s = mt_site_at(site);
    count_allocation(t, s, site, bytes);
    t->bank->rare.lossy_blocks += node == MT_NODE_LOSSY;
    t->last_block = block;
    return s;
}

/* With what costs more or is rare: recording switched off, sampling, usable sizes, the check of the walk. */
static MT_NOINLINE void record_unusual(struct mt_thread *t, void *block, uint64_t bytes,
                                       const struct mt_hook_frame *frame) {
    const struct mt_options *o = &mt_tracker.options;
    if (mt_tracker.off || t->paused != 0) {
        t->last_block = NULL;
        return;
    }
    if (mt_rules_are_unloading())
        mt_threads_forget_passing(t);
    if (o->sample_bytes != 0 && !mt_sampling_takes(t, bytes, o->sample_bytes))
        return;
    struct mt_site *s = record(t, block, bytes, frame);
    if (s == NULL)
        return;
    weigh(t, bytes, 1);
    if (o->check_unwind)
        check_walk(t, s->node, frame);
    if (o->usable) {
        int64_t waste = waste_of(block, bytes);
        s->waste_bytes += waste;
        t->bank->rare.allocated_usable_bytes += (uint64_t)(waste + (int64_t)bytes);
    }
}

static MT_NOINLINE uint64_t take_asked(struct mt_thread *t, uint64_t bytes) {
    bool is_it = bytes >= t->asked && bytes <= t->asked_most;
    t->asked_most = 0;
    return is_it ? t->asked : bytes;
}

void mt_record_asked(size_t bytes, size_t most) {
    struct mt_thread *t = mt_self;
    if (t != NULL) {
        t->asked = bytes;
        t->asked_most = most;
    }
}

void mt_record_allocation(void *block, size_t bytes, const struct mt_hook_frame *frame) {
    struct mt_thread *t = mt_event_enter((uint64_t)frame->caller_stack);
    if (mt_unlikely(t == NULL))
        return;
    uint64_t state = mt_page.state;
    if (mt_unlikely(t->asked_most != 0))
        bytes = take_asked(t, bytes);
    if (mt_unlikely(block == NULL))
        t->bank->rare.failed += bytes != 0;
    else if (mt_unlikely(mt_tracker.unusual))
        record_unusual(t, block, bytes, frame);
    else
        record(t, block, bytes, frame);
    mt_event_leave(t, state);
}

/* Whether a block that is not in the table is news: not when only samples, or only the blocks of before, are in it. */
static inline bool counts_unknown(const struct mt_thread *t) {
    return mt_tracker.options.sample_bytes == 0 && !mt_tracker.off && t->paused == 0;
}

void mt_record_free(void *block) {
    uint64_t sp = (uint64_t)__builtin_frame_address(0);
    __builtin_prefetch((const char *)block - 16, 1); /* where most allocators will look next */
    struct mt_thread *t = mt_event_enter(sp);
    if (mt_unlikely(t == NULL))
        return;
    uint64_t state = mt_page.state;
    bool dropped = false;
    struct mt_live_entry found = mt_live_take(t, (uint64_t)block, &dropped);
    if (mt_likely(found.site != 0 && !was_cleared(t, found))) {
        int64_t waste = mt_unlikely(mt_tracker.unusual) && mt_tracker.options.usable ? waste_of(block, found.bytes) : 0;
        count_free(t, found.site, found.bytes, waste, block == t->last_block);
    } else if (dropped) {
        t->bank->rare.dropped++;
    } else if (found.site == 0 && counts_unknown(t) && block != t->freeing) {
        t->bank->rare.unknown_frees++;
    }
    t->freeing = NULL;
    t->last_block = NULL;
    mt_event_leave(t, state);
}

void mt_record_delete(void *block) {
    mt_record_free(block);
    if (mt_self != NULL)
        mt_self->freeing = block;
}

static MT_NOINLINE void record_moved(struct mt_thread *t, void *result, uint64_t bytes,
                                     const struct mt_hook_frame *frame) {
    if (mt_unlikely(mt_tracker.unusual))
        record_unusual(t, result, bytes, frame);
    else
        record(t, result, bytes, frame);
}

void mt_record_realloc_begin(struct mt_moving_block *moving, void *block) {
    uint64_t sp = (uint64_t)__builtin_frame_address(0);
    *moving = (struct mt_moving_block){.block = block};
    struct mt_thread *t = mt_event_enter(sp);
    if (mt_unlikely(t == NULL))
        return;
    uint64_t state = mt_page.state;
    bool dropped = false;
    struct mt_live_entry found = mt_live_take(t, (uint64_t)block, &dropped);
    moving->recording = true;
    moving->site = was_cleared(t, found) ? 0 : found.site;
    moving->was_cleared = found.site != moving->site;
    moving->bytes = found.bytes;
    moving->era = found.era;
    moving->temporary = block == t->last_block;
    if (found.site != 0 && mt_unlikely(mt_tracker.options.usable))
        moving->waste = waste_of(block, found.bytes);
    t->bank->rare.dropped += dropped;
    mt_event_leave(t, state);
}

void mt_record_realloc_end(struct mt_moving_block *moving, void *result, size_t bytes,
                           const struct mt_hook_frame *frame) {
    struct mt_thread *t = moving->recording ? mt_event_enter((uint64_t)frame->caller_stack) : NULL;
    if (mt_unlikely(t == NULL))
        return;
    uint64_t state = mt_page.state;
    if (mt_likely(moving->site != 0))
        count_free(t, moving->site, moving->bytes, moving->waste, moving->temporary);
    else if (counts_unknown(t) && !moving->was_cleared)
        t->bank->rare.unknown_frees++;
    if (result == NULL)
        t->last_block = NULL;
    else
        record_moved(t, result, bytes, frame);
    mt_event_leave(t, state);
}

void mt_record_realloc_failed(struct mt_moving_block *moving, const struct mt_hook_frame *frame) {
    struct mt_thread *t = moving->recording ? mt_event_enter((uint64_t)frame->caller_stack) : NULL;
    if (mt_unlikely(t == NULL))
        return;
    uint64_t state = mt_page.state;
    struct mt_live_entry entry = {moving->bytes, moving->site, moving->era}, replaced = {0};
    t->bank->rare.failed++;
    if (moving->site != 0 &&
        !mt_live_put(t, mt_live_prepare((uint64_t)moving->block), (uint64_t)moving->block, entry, &replaced)) {
        count_free(t, moving->site, moving->bytes, moving->waste, false);
        t->bank->rare.dropped++;
    }
    mt_event_leave(t, state);
}

/* Growth counts as allocated bytes and shrinkage as freed ones, of the same block. */
static void count_resize(struct mt_thread *t, mt_site_id id, int64_t change) {
    struct mt_site *s = own_record(t, id);
    if (change > 0)
        s->counters.allocated_bytes += (uint64_t)change;
    int64_t live = s->counters.live_bytes += change;
    if (live > s->max_bytes)
        s->max_bytes = live;
    if (change > 0)
        t->bank->counters.allocated_bytes += (uint64_t)change;
    note_live(t, t->bank->counters.live_bytes += change);
    if (t->bank->counters.live_bytes > t->high || t->bank->counters.live_bytes < t->low)
        mt_threads_publish(t);
}

void mt_record_resize(void *block, size_t bytes) {
    struct mt_thread *t = mt_event_enter((uint64_t)__builtin_frame_address(0));
    if (mt_unlikely(t == NULL))
        return;
    uint64_t state = mt_page.state;
    bool dropped = false;
    struct mt_live_entry entry = mt_live_take(t, (uint64_t)block, &dropped), replaced = {0};
    if (entry.site != 0 && !was_cleared(t, entry)) {
        count_resize(t, entry.site, (int64_t)bytes - (int64_t)entry.bytes);
        entry.bytes = bytes;
        dropped = !mt_live_put(t, mt_live_prepare((uint64_t)block), (uint64_t)block, entry, &replaced);
    }
    t->bank->rare.dropped += dropped;
    t->last_block = NULL;
    mt_event_leave(t, state);
}

/* ---- domains ---------------------------------------------------------------------------------------------------- */

bool mt_record_block(struct mt_thread *t, mt_name_id domain, uint64_t address, uint64_t bytes,
                     const struct mt_hook_frame *frame) {
    uint64_t period = mt_tracker.options.sample_bytes;
    if (mt_tracker.off || t->paused != 0 || (period != 0 && !mt_sampling_takes(t, bytes, period)))
        return false;
    if (mt_rules_are_unloading())
        mt_threads_forget_passing(t);
    t->domain = domain;
    struct mt_site *s = record(t, (void *)mt_live_domain_key(domain, address), bytes, frame);
    t->domain = 0;
    if (s != NULL)
        weigh(t, bytes, 1);
    return s != NULL;
}

void mt_record_block_freed(struct mt_thread *t, struct mt_live_entry entry, bool temporary) {
    if (!was_cleared(t, entry))
        count_free(t, entry.site, entry.bytes, 0, temporary);
}

void mt_record_block_cut(struct mt_thread *t, struct mt_live_entry entry, uint64_t left, uint64_t right) {
    if (was_cleared(t, entry))
        return;
    weigh(t, entry.bytes, -1);
    count_resize(t, entry.site, (int64_t)(left + right) - (int64_t)entry.bytes);
    weigh(t, left, 1);
    if (right == 0)
        return;
    own_record(t, entry.site)->counters.allocated_blocks++;
    t->bank->counters.allocated_blocks++;
    weigh(t, right, 1);
}

void mt_record_track(mt_name_id domain, const void *ptr, size_t bytes, const struct mt_hook_frame *frame) {
    struct mt_thread *t = mt_event_enter((uint64_t)frame->caller_stack);
    if (t == NULL)
        return;
    uint64_t state = mt_page.state;
    mt_record_block(t, domain, (uint64_t)ptr, bytes, frame);
    t->last_block = NULL;
    mt_event_leave(t, state);
}

void mt_record_untrack(mt_name_id domain, const void *ptr) {
    struct mt_thread *t = mt_event_enter((uint64_t)__builtin_frame_address(0));
    if (t == NULL)
        return;
    uint64_t state = mt_page.state;
    bool dropped = false;
    struct mt_live_entry found = mt_live_take(t, mt_live_domain_key(domain, (uint64_t)ptr), &dropped);
    if (found.site != 0)
        mt_record_block_freed(t, found, false);
    else if (dropped)
        t->bank->rare.dropped++;
    else if (counts_unknown(t))
        t->bank->rare.unknown_frees++;
    t->last_block = NULL;
    mt_event_leave(t, state);
}

/* ---- who calls -------------------------------------------------------------------------------------------------- */

enum mt_nesting mt_record_nesting(struct mt_thread *t, const struct mt_hook_frame *frame) {
    enum { FRAMES = 64 };
    uint64_t pc[FRAMES];
    struct mt_frame_state here = state_of(frame);
    mt_stack_locate(&t->stack.map, here.sp);
    uint32_t n = mt_walk_plain(&t->stack, here, pc, FRAMES);
    uint32_t ours = mt_rule_module(mt_rules_find((uint64_t)mt_record_nesting + 1));
    for (uint32_t i = 0; i < n; i++)
        if (mt_rule_module(mt_rules_find(pc[i])) == ours)
            return MT_NESTING_INSIDE;
    return n == FRAMES ? MT_NESTING_UNKNOWN : MT_NESTING_OUTSIDE;
}
