/* SPDX-License-Identifier: MIT */
/*
 * Sites count where memory came from. By line one asks what a line does to memory: a line that
 * frees what others have allocated is charged with that. So the call path of a free is walked as
 * well, which is why this has to be asked for.
 *
 * What an event has changed is the difference of the thread's counters: whatever way an event takes
 * (a block that ends because its address is used again, one that grows in place), it is charged
 * once, and the sum over all paths is what the thread's counters say.
 */
#include "track/lines/changes.h"

#include "track/ground/hook_frame.h"
#include "track/ground/state.h"
#include "track/lines/kept.h"
#include "track/lines/records.h"
#include "track/python/weave.h"
#include "track/tables/paths.h"
#include "unwind/rules.h"

#include <time.h>

enum { MOST_OWN_FRAMES = 8 };

/* Takes the difference, and returns whether there is any. */
static bool take(struct mt_thread *t, struct mt_counters *change) {
    struct mt_lines_part *part = &t->lines;
    if (mt_unlikely(part->clear_epoch != t->clear_epoch)) {
        part->clear_epoch = t->clear_epoch;
        part->seen = (struct mt_counters){0};
    }
    *change = t->bank->counters;
    mt_counters_add(change, &part->seen, -1);
    part->seen = t->bank->counters;
    return change->allocated_blocks != 0 || change->freed_blocks != 0 || change->live_bytes != 0;
}

static struct mt_line_record *record_of(struct mt_thread *t, mt_node_id node) {
    struct mt_lines_kept *kept = mt_lines_kept_of(t);
    if (kept == NULL)
        return mt_lines_records_of(t, node, false);
    struct mt_known_path *known = &kept->path[node % MT_LINES_KNOWN];
    if (known->node == node) {
        mt_lines_records_renew(t, known->record);
        return known->record;
    }
    struct mt_line_record *r = mt_lines_records_of(t, node, false);
    *known = (struct mt_known_path){r != NULL ? node : 0, r};
    return r;
}

static void add(struct mt_thread *t, mt_node_id node, const struct mt_counters *change) {
    struct mt_line_record *r = record_of(t, node);
    if (r == NULL)
        return;
    mt_counters_add(&r->changed, change, 1);
    mt_lines_records_note(t, r, change->live_bytes, mt_os_clock_ns(CLOCK_MONOTONIC));
}

void mt_lines_changes_charge(struct mt_thread *t, mt_node_id node) {
    struct mt_counters change;
    if (take(t, &change))
        add(t, node, &change);
}

/* The frame at which the event was entered may be one of ours: frees come without their caller's. */
static const struct mt_hook_frame *callers_frame(const struct mt_thread *t) {
    const struct mt_hook_frame *frame =
        (const struct mt_hook_frame *)(t->seen & ~MT_SEEN_BUSY); /* NOLINT */
    uint32_t ours = mt_rule_module(mt_rules_find((uint64_t)callers_frame + 1));
    for (int i = 0;
         i < MOST_OWN_FRAMES && mt_rule_module(mt_rules_find(frame->return_address)) == ours &&
         frame->caller_bp > (uint64_t)frame;
         i++)
        frame = (const struct mt_hook_frame *)frame->caller_bp; /* NOLINT */
    return frame;
}

void mt_lines_changes_charge_here(struct mt_thread *t) {
    struct mt_counters change;
    if (!take(t, &change))
        return;
    const struct mt_hook_frame *frame = callers_frame(t);
    struct mt_frame_state state = {
        .pc = frame->return_address, .sp = (uint64_t)frame->caller_stack, .bp = frame->caller_bp};
    mt_node_id node =
        mt_walk(&t->stack, state, mt_paths_child, &t->paths, MT_NODE_ROOT, MT_NODE_TRUNCATED);
    if (t->is_in_python)
        node = mt_python_weave(t, node);
    add(t, node, &change);
}
