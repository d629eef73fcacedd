/* SPDX-License-Identifier: MIT */
/*
 * What the incremental walk does rarely: signal frames, realigned stacks, frames without CFI, the ends of stacks.
 * These steps read memory elsewhere than at CFA - 8, so the comparison of kept frames repeats them (mt_walk_restep)
 * instead of looking at one word.
 */
#include "unwind/walk.h"

/* struct rt_sigframe of x86-64 Linux: after the handler has returned, rsp points at its ucontext. */
enum { UCONTEXT_RBP = 120, UCONTEXT_RSP = 160, UCONTEXT_RIP = 168, UCONTEXT_READ = 176 };
enum { FRAME_POINTER_LOOKAHEAD = 16 };

void mt_stack_reset(struct mt_stack *s) {
    s->n_frames = 0;
    s->end = MT_END_RULE;
    for (uint32_t i = 0; i < MT_EDGES; i++)
        s->edge[i].pc = 0;
}

static bool readable(struct mt_stack *s, uint64_t address, uint64_t bytes) {
    return address >= s->map.now.low && !(address & 7) &&
           (address + bytes <= s->map.now.high || mt_stack_extend(&s->map, address + bytes));
}

static bool signal_step(struct mt_stack *s, struct mt_frame_state *state) {
    uint64_t ucontext = state->sp;
    if (!readable(s, ucontext, UCONTEXT_READ))
        return false;
    state->pc = *(const uint64_t *)(ucontext + UCONTEXT_RIP) | MT_PC_EXACT;
    state->sp = *(const uint64_t *)(ucontext + UCONTEXT_RSP);
    state->bp = *(const uint64_t *)(ucontext + UCONTEXT_RBP);
    if (!mt_stack_contains(&s->map, state->sp))
        mt_stack_locate(&s->map, state->sp); /* the handler ran on a stack of its own */
    return true;
}

static bool has_cfi(uint64_t pc) {
    return pc != 0 && mt_rule_kind_of(mt_rules_find(pc)) != MT_RULE_NONE;
}

/* Code without CFI: rbp may be a frame pointer. It is believed when the chain leads to code that is known. */
static bool frame_pointer_step(struct mt_stack *s, struct mt_frame_state *state) {
    uint64_t bp = state->bp, above = state->sp;
    for (int i = 0; i < FRAME_POINTER_LOOKAHEAD; i++) {
        if (bp < above || !readable(s, bp, 16))
            return false;
        uint64_t ra = ((const uint64_t *)bp)[1];
        if (has_cfi(ra)) {
            *state = (struct mt_frame_state){
                .pc = ((const uint64_t *)state->bp)[1], .sp = state->bp + 16, .bp = *(const uint64_t *)state->bp};
            return true;
        }
        above = bp + 16;
        bp = *(const uint64_t *)bp;
    }
    return false;
}

static bool cfa_step(struct mt_stack *s, mt_rule rule, struct mt_frame_state *state) {
    uint64_t cfa, bp = state->bp;
    uint64_t offset = (uint64_t)mt_rule_cfa_offset(rule);
    if (mt_rule_kind_of(rule) == MT_RULE_BP_DEREF) {
        if (!readable(s, bp + offset, 8))
            return false;
        cfa = *(const uint64_t *)(bp + offset);
        if (mt_rule_bp_at_bp(rule)) {
            if (!readable(s, bp, 8))
                return false;
            bp = *(const uint64_t *)bp;
        }
    } else {
        cfa = (mt_rule_kind_of(rule) == MT_RULE_SP ? state->sp : bp) + offset;
    }
    if (cfa <= state->sp || !readable(s, cfa - 8, 8))
        return false;
    uint64_t bp_offset = (uint64_t)mt_rule_bp_offset(rule);
    if (bp_offset != 0) {
        if (!readable(s, cfa + bp_offset, 8))
            return false;
        bp = *(const uint64_t *)(cfa + bp_offset);
    }
    *state = (struct mt_frame_state){.pc = *(const uint64_t *)(cfa - 8), .sp = cfa, .bp = bp};
    return true;
}

bool mt_walk_step_slow(struct mt_stack *s, mt_rule rule, struct mt_frame_state *state, enum mt_walk_end *end) {
    bool went_on;
    *end = MT_END_LOST;
    switch (mt_rule_kind_of(rule)) {
    case MT_RULE_END:
        *end = MT_END_RULE;
        return false;
    case MT_RULE_SIGNAL:
        went_on = signal_step(s, state);
        break;
    case MT_RULE_NONE:
        if (state->pc == 0) {
            *end = MT_END_ZERO;
            return false;
        }
        went_on = frame_pointer_step(s, state);
        break;
    case MT_RULE_SLOW:
        went_on = mt_rules_slow_step(state, s->map.now.high);
        break;
    case MT_RULE_SP:
    case MT_RULE_BP:
    case MT_RULE_BP_DEREF:
        went_on = cfa_step(s, rule, state);
        break;
    default:
        return false;
    }
    return went_on;
}

/* Four at a time, with one branch. Only on the present stack: outer frames that lie elsewhere may have gone with it, and
 * are read only when the one before holds. */
const struct mt_frame *mt_walk_verify_deep(struct mt_stack *s, const struct mt_frame *inner) {
    const struct mt_frame *last = s->frame + 4;
    uint64_t high = s->map.now.high;
    for (; inner >= last && inner[-4].slot < high; inner -= 4) {
        uint32_t rare = (inner[0].rare | inner[-1].rare | inner[-2].rare | inner[-3].rare) & MT_FRAME_RARE;
        uint64_t differs = mt_walk_difference(inner - 1) | mt_walk_difference(inner - 2) |
                           mt_walk_difference(inner - 3) | mt_walk_difference(inner - 4);
        if (mt_unlikely((rare | differs) != 0))
            break;
    }
    return inner;
}

bool mt_walk_restep(struct mt_stack *s, const struct mt_frame *f) {
    bool outermost = f == s->frame;
    struct mt_frame_state state = {.pc = f->pc, .sp = f->slot + 8, .bp = f->bp};
    enum mt_walk_end end = MT_END_RULE;
    if (outermost && s->end == MT_END_LIMIT)
        return true;
    bool went_on = mt_walk_step(s, mt_walk_rule(s, f->pc), &state, &end);
    if (outermost) {
        if (went_on && state.pc == 0) {
            went_on = false;
            end = MT_END_ZERO;
        }
        return !went_on && end == s->end;
    }
    const struct mt_frame *outer = f - 1;
    return went_on && state.pc == outer->pc && state.sp == outer->slot + 8 &&
           (state.bp == outer->bp || !(outer->rare & MT_FRAME_NEEDS_BP));
}

uint32_t mt_walk_plain(struct mt_stack *s, struct mt_frame_state state, uint64_t *pc, uint32_t max) {
    uint32_t n = 0;
    enum mt_walk_end end;
    mt_stack_locate(&s->map, state.sp);
    while (n < max && state.pc != 0) {
        pc[n++] = state.pc;
        if (!mt_walk_step(s, mt_rules_compute(state.pc), &state, &end))
            break;
    }
    return n;
}

struct mt_walk_result mt_walk_limited(struct mt_stack *s, struct mt_frame_state state, struct mt_walk_result r) {
    uint32_t total = r.n_kept + r.n_fresh;
    if (r.n_kept == 0 || (total <= s->max_frames && (s->end != MT_END_LIMIT || total == s->max_frames)))
        return r;
    s->n_frames = 0;
    return mt_walk_fresh(s, state);
}
