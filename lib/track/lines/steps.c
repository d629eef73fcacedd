/* SPDX-License-Identifier: MIT */
/*
 * A block takes until the next one of the same call begins, or the call ends; what it calls in
 * between is included. So a thread has a stack of calls, which are told apart by their CFA:
 *
 *   the block's CFA is below that of the innermost call     a call has begun
 *                      the same, and so is the function     its next block
 *                      above                                the calls below have ended: by a return,
 *                                                           an exception or a longjmp
 *
 * When a call ends is only known by the next block further out, or from the hook that
 * -finstrument-functions has called at the return. A function that calls itself is timed in its
 * outermost call alone: otherwise the same second would count at each level.
 *
 * Rejected: to tell calls by the function alone (recursion); to patch return addresses (exceptions
 * and coroutines).
 */
#include "track/lines/steps.h"

#include "track/ground/state.h"
#include "track/lines/kept.h"
#include "track/lines/records.h"
#include "track/tables/modules.h"
#include "track/tables/paths.h"
#include "unwind/rules.h"

#include <time.h>

static uint64_t cfa_of(mt_rule rule, const struct mt_hook_frame *frame) {
    switch (mt_rule_kind_of(rule)) {
    case MT_RULE_SP:
        return (uint64_t)frame->caller_stack + (uint64_t)mt_rule_cfa_offset(rule);
    case MT_RULE_BP:
        return frame->caller_bp + (uint64_t)mt_rule_cfa_offset(rule);
    default: /* what the frame pointer of such code is stays the same throughout a call */
        return frame->caller_bp > (uint64_t)frame ? frame->caller_bp
                                                  : (uint64_t)frame->caller_stack;
    }
}

static MT_NOINLINE void learn(struct mt_thread *t, struct mt_known_step *known, uint64_t pc) {
    struct mt_cfi cfi = {0};
    bool stays;
    known->rule = mt_rules_look_up(pc, &stays);
    mt_modules_find(pc - 1, &cfi);
    known->function = mt_cfi_function(&cfi, pc - 1);
    mt_node_id node = mt_paths_find(&t->paths, MT_NODE_ROOT, pc, known->rule);
    known->record = node != MT_NODE_LOSSY ? mt_lines_records_of(t, node, true) : NULL;
    if (known->record != NULL)
        known->record->function = known->function;
    known->pc = stays ? pc : 0; /* other code can come to lie where this does */
}

static void end_block(struct mt_line_call *call, uint64_t now_ns) {
    if (call->record != NULL && call->is_outermost)
        call->record->time_ns += now_ns - call->since_ns;
    call->record = NULL;
}

static bool is_running(const struct mt_lines_kept *kept, uint64_t function) {
    for (uint32_t i = kept->depth; i > 0; i--)
        if (kept->call[i - 1].function == function)
            return true;
    return false;
}

/* Returns the call that a block is of, after the calls that must have ended; NULL when there are
 * too many. */
static struct mt_line_call *call_of(struct mt_lines_kept *kept, uint64_t cfa, uint64_t function,
                                    uint64_t now_ns) {
    struct mt_line_call *top;
    while (kept->depth != 0 && (top = &kept->call[kept->depth - 1])->cfa <= cfa) {
        end_block(top, now_ns);
        if (top->cfa == cfa && top->function == function)
            return top;
        kept->depth--;
    }
    if (kept->depth == MT_LINES_CALLS)
        return NULL;
    bool is_outermost = !is_running(kept, function);
    top = &kept->call[kept->depth++];
    *top = (struct mt_line_call){.cfa = cfa, .function = function, .is_outermost = is_outermost};
    return top;
}

void mt_lines_steps_enter(struct mt_thread *t, const struct mt_hook_frame *frame) {
    struct mt_lines_kept *kept = mt_lines_kept_of(t);
    uint64_t pc = frame->return_address, now_ns = mt_os_clock_ns(CLOCK_MONOTONIC);
    if (kept == NULL)
        return;
    struct mt_known_step *known =
        &kept->step[pc * UINT64_C(0x9E3779B97F4A7C15) >> (64 - MT_LINES_KNOWN_BITS)];
    if (mt_unlikely(known->pc != pc))
        learn(t, known, pc);
    struct mt_line_call *call = call_of(kept, cfa_of(known->rule, frame), known->function, now_ns);
    struct mt_line_record *r = known->record;
    if (r == NULL)
        return;
    mt_lines_records_renew(t, r);
    r->hits++;
    mt_lines_records_note(t, r, 0, now_ns);
    if (call != NULL) {
        call->record = r;
        call->since_ns = now_ns;
    }
}

void mt_lines_steps_leave(struct mt_thread *t, uint64_t function,
                          const struct mt_hook_frame *frame) {
    struct mt_lines_kept *kept = t->lines.kept;
    if (kept == NULL || kept->depth == 0)
        return;
    uint64_t cfa = cfa_of(mt_rules_find(frame->return_address), frame),
             now_ns = mt_os_clock_ns(CLOCK_MONOTONIC);
    const struct mt_line_call *top;
    /* A function that was inlined tells of its return too, but the frame is another one's. */
    while (kept->depth != 0 && ((top = &kept->call[kept->depth - 1])->cfa < cfa ||
                                (top->cfa == cfa && top->function == function)))
        end_block(&kept->call[--kept->depth], now_ns);
}

void mt_lines_steps_end_all(struct mt_thread *t) {
    struct mt_lines_kept *kept = t->lines.kept;
    uint64_t now_ns = kept != NULL && kept->depth != 0 ? mt_os_clock_ns(CLOCK_MONOTONIC) : 0;
    while (kept != NULL && kept->depth != 0)
        end_block(&kept->call[--kept->depth], now_ns);
}
