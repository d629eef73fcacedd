/* SPDX-License-Identifier: MIT */
/*
 * The hot path. One event: enter (one comparison says that all is as it was), the call path, the
 * site, the table of live blocks, the counters, leave. With one thread there is no atomic
 * instruction in it; with several, one exchange for the region's lock. What being inside an event
 * means is in guard.h.
 */
#include "track/record.h"

#include "base/pages.h"
#include "track/check.h"
#include "track/guard.h"
#include "track/lines/changes.h"
#include "track/live/blocks.h"
#include "track/live/count.h"
#include "track/live/live.h"
#include "track/live/sampling.h"
#include "track/python/weave.h"
#include "track/recover.h"
#include "track/tables/modules.h"
#include "track/tables/paths.h"
#include "track/tables/sites.h"
#include "track/thread/ceiling.h"
#include "track/threads.h"

static MT_NOINLINE int64_t waste_of(void *block, uint64_t bytes) {
    return mt_state.usable_size != NULL ? (int64_t)(mt_state.usable_size(block) - bytes) : 0;
}

static inline struct mt_frame_state state_of(const struct mt_hook_frame *frame) {
    return (struct mt_frame_state){
        .pc = frame->return_address, .sp = (uint64_t)frame->caller_stack, .bp = frame->caller_bp};
}

static MT_NOINLINE void check_walk(struct mt_thread *t, mt_node_id node,
                                   const struct mt_hook_frame *frame) {
    static __thread uint64_t *plain __attribute__((tls_model("initial-exec")));
    struct mt_stack *s = &t->stack;
    if (plain == NULL && (plain = mt_pages_new(s->max_frames * sizeof *plain)) == NULL)
        return;
    bool is_whole = mt_walk_check(s);
    uint32_t n = mt_walk_plain(s, state_of(frame), plain, s->max_frames);
    uint32_t missing = n == s->max_frames ? mt_walk_plain_missing(s, state_of(frame)) : 0;
    if (node != MT_NODE_LOSSY && (!is_whole || !mt_paths_equal(node, plain, n, missing)))
        t->bank->rare.unwind_mismatches++;
}

static inline bool was_cleared(const struct mt_thread *t, struct mt_live_entry entry) {
    return mt_unlikely(entry.era < t->clear_era);
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
        /* A failure is no event between an allocation and its free. */
        t->last_block = t->last_before;
    if (block == NULL || t == NULL || t->last_block != block)
        mt_record_allocation(block, bytes, frame);
}

/* Counts a block that found no room among the live ones as freed at once, so that the totals stay
 * exact. */
static MT_NOINLINE void drop(struct mt_thread *t, mt_site_id site, uint64_t bytes) {
    t->bank->rare.dropped++;
    t->journal.putting = 0; /* no such block is in the table */
    if (site != 0)
        mt_blocks_pass(t, site, bytes);
}

/* Returns the path of a block that belongs to a domain or a scope, or that code of Python may have
 * asked for. */
static MT_NOINLINE mt_node_id belonging_to(struct mt_thread *t, mt_node_id node) {
    if (t->is_in_python)
        node = mt_python_weave(t, node);
    if (t->domain != 0)
        node = mt_paths_leaf(&t->paths, node, MT_NODE_MODULE_DOMAIN, t->domain);
    if (t->scopes.name != 0)
        node = mt_paths_leaf(&t->paths, node, MT_NODE_MODULE_SCOPE, t->scopes.name);
    return node;
}

/* Handles a block that was not entered, either because there is no room, or because another block
 * is entered for its address, the free of which was missed. That block is ended first. Returns true
 * when the new one has been entered after all. */
static MT_NOINLINE bool entered(struct mt_thread *t, enum mt_put put, mt_site_id site,
                                uint64_t bytes, struct mt_live_entry there) {
    uint64_t address = (uint64_t)t->last_block;
    if (put == MT_PUT_OCCUPIED) {
        mt_blocks_end(t, address, there, false);
        put = mt_live_put(t, mt_live_prepare(address), address,
                          mt_live_noted(t->journal.putting, &t->journal), &there);
    }
    if (put == MT_PUT_NEW)
        return true;
    t->last_block = NULL;
    drop(t, site, bytes);
    return false;
}

/* Enters a block that is_near does not hold for: a big one, or one for which there may be no
 * room. */
static MT_NOINLINE enum mt_put put_far(struct mt_thread *t, struct mt_region *region, void *block,
                                       struct mt_live_entry entry, struct mt_live_entry *there) {
    if (entry.site == 0)
        return MT_PUT_FAILED;
    mt_live_note(&t->journal.putting, &t->journal, entry);
    mt_barrier();
    return mt_live_put(t, region, (uint64_t)block, entry, there);
}

static inline bool is_near(const struct mt_region *region, mt_site_id site, uint64_t bytes) {
    return mt_likely(region != NULL && bytes < MT_ENTRY_MAX_BYTES && site != 0);
}

/* Returns the site that counts the block, NULL when it could not be recorded. */
static inline __attribute__((always_inline)) struct mt_site *
record(struct mt_thread *t, void *block, uint64_t bytes, const struct mt_hook_frame *frame) {
    struct mt_region *region = mt_live_prepare((uint64_t)block);
    mt_node_id node = mt_walk(&t->stack, state_of(frame), mt_paths_child, &t->paths, MT_NODE_ROOT,
                              MT_NODE_TRUNCATED);
    if (mt_unlikely((t->scopes.name | t->adds) != 0))
        node = belonging_to(t, node);
    mt_site_id site = mt_count_own(t, node, mt_sites_class(bytes));
    struct mt_live_entry entry = {bytes, site, t->era}, there;
    enum mt_put put;
    t->last_block = block;
    if (is_near(region, site, bytes)) {
        uint64_t word = t->journal.putting = mt_live_encode(entry);
        mt_barrier();
        put = mt_live_put_near(t, region, (uint64_t)block, word, &there);
    } else {
        put = put_far(t, region, block, entry, &there);
    }
    struct mt_site *s = NULL;
    if (mt_likely(put == MT_PUT_NEW) || entered(t, put, site, bytes, there)) {
        s = mt_sites_at(site);
        mt_count_allocation(t, s, site, bytes);
        if (mt_unlikely(node == MT_NODE_LOSSY))
            t->bank->rare.lossy_blocks++;
    }
    mt_barrier();
    t->journal.putting = 0;
    if (mt_unlikely(bytes >= MT_ENTRY_MAX_BYTES))
        t->journal.big_bytes = 0;
    return s;
}

static MT_NOINLINE void look_at_unloading(struct mt_thread *t, const struct mt_hook_frame *frame) {
    mt_modules_look_at_unloading(frame);
    mt_threads_forget_passing(t);
}

/* Charges what the event has changed, and what could not be charged before, to where it is called. */
static MT_NOINLINE void charge_line(struct mt_thread *t) {
    if (mt_rules_are_unloading())
        mt_threads_forget_passing(t);
    mt_lines_changes_charge_here(t);
}

void mt_record_charge_line(struct mt_thread *t) {
    if (mt_state.options.lines)
        charge_line(t);
}

static void record_specially(struct mt_thread *t, void *block, uint64_t bytes,
                             const struct mt_hook_frame *frame) {
    const struct mt_options *o = &mt_state.options;
    if (mt_load_relaxed(&mt_state.off) || t->paused != 0) {
        t->last_block = NULL;
        return;
    }
    if (mt_rules_are_unloading())
        look_at_unloading(t, frame);
    if (o->sample_bytes != 0 && !mt_sampling_takes(&t->sampling, bytes, o->sample_bytes)) {
        t->last_block = NULL;
        return;
    }
    struct mt_site *s = record(t, block, bytes, frame);
    if (s == NULL)
        return;
    mt_count_weigh(t, bytes, 1);
    if (o->lines)
        mt_lines_changes_charge(t, s->node);
    if (o->check_unwind)
        check_walk(t, s->node, frame);
    if (o->usable) {
        int64_t waste = waste_of(block, bytes);
        s->waste_bytes += waste;
        t->bank->rare.allocated_usable_bytes += (uint64_t)(waste + (int64_t)bytes);
    }
}

/* Records with what costs more or is rare: recording that is switched off, sampling, usable sizes,
 * the check of the walk, a limit. */
static MT_NOINLINE void record_unusual(struct mt_thread *t, void *block, uint64_t bytes,
                                       const struct mt_hook_frame *frame) {
    record_specially(t, block, bytes, frame);
    if (mt_ceiling_is_set())
        mt_ceiling_settle(t);
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
    struct mt_thread *t = mt_guard_enter(frame);
    if (mt_unlikely(t == NULL))
        return;
    if (mt_unlikely(t->asked_most != 0))
        bytes = take_asked(t, bytes);
    if (mt_unlikely(block == NULL))
        t->bank->rare.failed += bytes != 0;
    else if (mt_unlikely(mt_load_part(&mt_state.unusual)))
        record_unusual(t, block, bytes, frame);
    else
        record(t, block, bytes, frame);
    mt_check_growth();
    mt_guard_leave(t);
}

/* Tells whether a block that is not in the table is news. It is not when the table has only samples
 * in it, or only blocks from before recording was switched off or paused. */
static inline bool counts_unknown(const struct mt_thread *t) {
    return mt_state.options.sample_bytes == 0 && !mt_load_relaxed(&mt_state.off) && t->paused == 0;
}

/* Notes that what the journal says has been done. */
static inline void taken(struct mt_thread *t, uint64_t bytes) {
    mt_barrier();
    t->journal.taking = 0;
    if (mt_unlikely(bytes >= MT_ENTRY_MAX_BYTES))
        t->journal.big_bytes = 0;
}

/* A block has gone that memtrack_clear_traces has made the report forget. */
static void gone_uncounted(struct mt_thread *t, uint64_t bytes) {
    if (mt_ceiling_is_set())
        mt_ceiling_note(t, -(int64_t)bytes);
}

/* Handles every free that is not plain. word is the block's entry; 0 says that the block is not in
 * its region. */
static MT_NOINLINE void free_rest(struct mt_thread *t, void *block, uint64_t word, bool temporary,
                                  bool dropped) {
    struct mt_live_entry found = mt_live_decode(word);
    if (word == 0 && !dropped && mt_load_relaxed(&mt_live_big.capacity) != 0)
        found = mt_live_big_take((uint64_t)block, &t->journal, &dropped);
    if (found.site != 0 && !was_cleared(t, found))
        mt_count_free(t, found.site, found.bytes,
                      mt_state.options.usable ? waste_of(block, found.bytes) : 0, temporary);
    else if (found.site != 0)
        gone_uncounted(t, found.bytes);
    else if (dropped)
        t->bank->rare.dropped++;
    else if (counts_unknown(t) && block != t->freeing)
        t->bank->rare.unknown_frees++;
    taken(t, found.bytes);
    mt_record_charge_line(t);
}

void mt_record_free(void *block) {
    const struct mt_hook_frame *here = __builtin_frame_address(0);
    __builtin_prefetch((const char *)block - 16, 1); /* where most allocators will look next */
    struct mt_thread *t = mt_guard_enter(here);
    if (mt_unlikely(t == NULL))
        return;
    bool dropped = false, temporary = block == t->last_block;
    t->last_block = block;
    uint64_t word = mt_live_take_near(t, (uint64_t)block, &t->journal, &dropped);
    struct mt_live_entry found = mt_live_decode(word);
    if (mt_likely(word != 0 && !was_cleared(t, found) && !mt_load_part(&mt_state.unusual)))
        mt_count_free_plain(t, found.site, found.bytes, temporary);
    else
        free_rest(t, block, word, temporary, dropped);
    mt_barrier();
    t->freeing = NULL;
    t->journal.taking = 0;
    t->last_block = NULL;
    mt_guard_leave(t);
}

void mt_record_delete(void *block) {
    mt_record_free(block);
    if (mt_self != NULL)
        mt_self->freeing = block;
}

static MT_NOINLINE void record_moved(struct mt_thread *t, void *result, uint64_t bytes,
                                     const struct mt_hook_frame *frame) {
    if (mt_unlikely(mt_load_part(&mt_state.unusual)))
        record_unusual(t, result, bytes, frame);
    else
        record(t, result, bytes, frame);
}

/* Begins a realloc while an earlier one has not ended: this one is called in a handler that
 * interrupts it, or the earlier one was left. */
static MT_NOINLINE void begin_another(struct mt_thread *t, struct mt_moving_block *moving,
                                      const struct mt_hook_frame *frame) {
    mt_recover_moved(t, frame);
    moving->outer = t->moved;
    t->moved.journal.taking = 0;
}

void mt_record_realloc_begin(struct mt_moving_block *moving, void *block) {
    const struct mt_hook_frame *here = __builtin_frame_address(0);
    moving->block = block;
    moving->recording = false;
    struct mt_thread *t = mt_guard_enter(here);
    if (mt_unlikely(t == NULL))
        return;
    bool dropped = false;
    moving->outer.journal.taking = 0;
    if (mt_unlikely(t->moved.journal.taking != 0))
        begin_another(t, moving, here);
    t->moved.address = (uint64_t)block;
    t->moved.frame = here->caller_bp; /* the frame of the hook, in which the realloc ends */
    struct mt_live_entry found = mt_live_take(t, (uint64_t)block, &t->moved.journal, &dropped);
    moving->recording = true;
    moving->process = mt_state.n_processes;
    moving->site = was_cleared(t, found) ? 0 : found.site;
    moving->was_cleared = found.site != moving->site;
    moving->bytes = found.bytes;
    moving->era = found.era;
    moving->temporary = block == t->last_block;
    moving->waste =
        found.site != 0 && mt_unlikely(mt_state.options.usable) ? waste_of(block, found.bytes) : 0;
    t->bank->rare.dropped += dropped;
    mt_guard_leave(t);
}

/* Forgets the block that was moved, which is accounted for now. Until then the journal has noted
 * it. */
static inline void forget_moved(struct mt_thread *t, const struct mt_moving_block *moving) {
    mt_barrier();
    t->moved.journal.taking = 0;
    t->moved.journal.big_bytes = 0;
    if (mt_unlikely(moving->outer.journal.taking != 0))
        t->moved = moving->outer;
}

/* becomes_other: the realloc has a result, which is recorded next. */
static MT_NOINLINE void
count_moved_unusual(struct mt_thread *t, const struct mt_moving_block *moving, bool becomes_other) {
    if (mt_ceiling_is_set() && becomes_other)
        mt_ceiling_defer(t);
    mt_count_free(t, moving->site, moving->bytes, moving->waste, moving->temporary);
}

static inline void count_moved(struct mt_thread *t, const struct mt_moving_block *moving,
                               const void *result) {
    struct mt_live_entry entry = {moving->bytes, moving->site, moving->era};
    t->last_block = moving->block;
    mt_live_note(&t->journal.taking, &t->journal, entry);
    forget_moved(t, moving);
    if (mt_likely(!mt_load_part(&mt_state.unusual)))
        mt_count_free_plain(t, moving->site, moving->bytes, moving->temporary);
    else
        count_moved_unusual(t, moving, result != NULL);
    taken(t, moving->bytes);
}

/* Enters the recorder again at the end of a realloc. In a process that was forked since it began,
 * the block is an inherited one. */
static struct mt_thread *enter_moved(struct mt_moving_block *moving,
                                     const struct mt_hook_frame *frame) {
    struct mt_thread *t = moving->recording ? mt_guard_enter(frame) : NULL;
    if (mt_unlikely(moving->recording && moving->process != mt_state.n_processes)) {
        moving->site = 0;
        moving->outer.journal.taking = 0;
    }
    return t;
}

/* The block that was moved is not known, or is from before a clear. */
static MT_NOINLINE void moved_uncounted(struct mt_thread *t, const struct mt_moving_block *moving,
                                        bool becomes_other) {
    if (mt_ceiling_is_set() && becomes_other)
        mt_ceiling_defer(t);
    if (moving->site != 0 || moving->was_cleared)
        gone_uncounted(t, moving->bytes);
    else if (counts_unknown(t))
        t->bank->rare.unknown_frees++;
}

void mt_record_realloc_end(struct mt_moving_block *moving, void *result, size_t bytes,
                           const struct mt_hook_frame *frame) {
    struct mt_thread *t = enter_moved(moving, frame);
    if (mt_unlikely(t == NULL))
        return;
    bool was_cleared_since = moving->era < t->clear_era; /* between begin and end */
    if (mt_likely(moving->site != 0 && !was_cleared_since)) {
        count_moved(t, moving, result);
    } else {
        forget_moved(t, moving);
        moved_uncounted(t, moving, result != NULL);
    }
    if (result == NULL)
        t->last_block = NULL;
    else
        record_moved(t, result, bytes, frame);
    if (mt_unlikely(mt_load_part(&mt_state.unusual)))
        mt_record_charge_line(t);
    mt_guard_leave(t);
}

void mt_record_realloc_failed(struct mt_moving_block *moving, const struct mt_hook_frame *frame) {
    struct mt_thread *t = enter_moved(moving, frame);
    if (mt_unlikely(t == NULL))
        return;
    struct mt_live_entry entry = {moving->bytes, moving->site, moving->era}, there;
    t->bank->rare.failed++;
    if (moving->site != 0 && mt_live_put(t, mt_live_prepare((uint64_t)moving->block),
                                         (uint64_t)moving->block, entry, &there) != MT_PUT_NEW) {
        mt_count_free(t, moving->site, moving->bytes, moving->waste, false);
        t->bank->rare.dropped++;
    }
    if (moving->was_cleared) /* it was not put back either */
        gone_uncounted(t, moving->bytes);
    forget_moved(t, moving);
    mt_guard_leave(t);
}

void mt_record_resize(void *block, size_t bytes) {
    struct mt_thread *t = mt_guard_enter(__builtin_frame_address(0));
    if (mt_unlikely(t == NULL))
        return;
    struct mt_live_entry entry = mt_live_look(t, (uint64_t)block);
    if (entry.site != 0 && !was_cleared(t, entry))
        mt_blocks_resize(t, (uint64_t)block, entry, bytes);
    if (mt_ceiling_is_set())
        mt_ceiling_settle(t);
    mt_record_charge_line(t);
    t->last_block = NULL;
    mt_guard_leave(t);
}

/* ---- domains --------------------------------------------------------------------------------- */

bool mt_record_block(struct mt_thread *t, mt_name_id domain, uint64_t address, uint64_t bytes,
                     const struct mt_hook_frame *frame) {
    uint64_t period = mt_state.options.sample_bytes;
    if (mt_load_relaxed(&mt_state.off) || t->paused != 0)
        return false;
    if (period != 0 && !mt_sampling_takes(&t->sampling, bytes, period)) {
        t->last_block = NULL;
        return false;
    }
    if (mt_rules_are_unloading())
        mt_threads_forget_passing(t);
    t->domain = domain;
    struct mt_site *s = record(t, (void *)mt_live_domain_key(domain, address), bytes, frame);
    t->domain = 0;
    if (s != NULL)
        mt_count_weigh(t, bytes, 1);
    if (s != NULL && mt_state.options.lines)
        mt_lines_changes_charge(t, s->node);
    return s != NULL;
}

void mt_record_track(mt_name_id domain, const void *ptr, size_t bytes,
                     const struct mt_hook_frame *frame) {
    struct mt_thread *t = mt_guard_enter(frame);
    if (t == NULL)
        return;
    mt_record_block(t, domain, (uint64_t)ptr, bytes, frame);
    if (mt_ceiling_is_set())
        mt_ceiling_settle(t);
    t->last_block = NULL;
    mt_guard_leave(t);
}

void mt_record_untrack(mt_name_id domain, const void *ptr) {
    struct mt_thread *t = mt_guard_enter(__builtin_frame_address(0));
    if (t == NULL)
        return;
    bool dropped = false;
    t->last_block = (const void *)mt_live_domain_key(
        domain, (uint64_t)ptr); /* NOLINT(performance-no-int-to-ptr) */
    struct mt_live_entry found = mt_live_take(t, (uint64_t)t->last_block, &t->journal, &dropped);
    if (found.site != 0 && !was_cleared(t, found))
        mt_count_free(t, found.site, found.bytes, 0, false);
    else if (found.site != 0)
        gone_uncounted(t, found.bytes);
    else if (dropped)
        t->bank->rare.dropped++;
    else if (counts_unknown(t))
        t->bank->rare.unknown_frees++;
    taken(t, found.bytes);
    mt_record_charge_line(t);
    t->last_block = NULL;
    mt_guard_leave(t);
}

/* ---- who calls ------------------------------------------------------------------------------- */

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
