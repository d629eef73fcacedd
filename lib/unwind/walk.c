/* SPDX-License-Identifier: MIT */
/*
 * What the incremental walk does rarely: signal frames, realigned stacks, frames without CFI, the
 * ends of stacks. These steps read memory elsewhere than at CFA - 8, so the comparison of kept
 * frames repeats them (mt_walk_restep) instead of looking at one word.
 */
#include "unwind/walk.h"

#include <signal.h>
#include <ucontext.h>

#define IN_SIGNAL_FRAME(field) (MT_ARCH_UCONTEXT_AT + offsetof(ucontext_t, field))
_Static_assert(IN_SIGNAL_FRAME(MT_ARCH_UCONTEXT_FP) == MT_ARCH_SIGNAL_FP &&
                   IN_SIGNAL_FRAME(MT_ARCH_UCONTEXT_SP) == MT_ARCH_SIGNAL_SP &&
                   IN_SIGNAL_FRAME(MT_ARCH_UCONTEXT_PC) == MT_ARCH_SIGNAL_PC,
               "the kernel's signal frame");

enum { FRAME_POINTER_LOOKAHEAD = 512 };

void mt_walk_reset(struct mt_stack *s) {
    s->n_frames = 0;
    s->end = MT_END_RULE;
    s->found = 0;
    s->met_passing = false;
    for (uint32_t i = 0; i < MT_EDGES; i++)
        s->edge[i].pc = 0;
    s->edge[0].rule = MT_RULE_NONE; /* an empty edge is the one of address 0, where stacks end */
}

void mt_walk_learn(struct mt_stack *s, struct mt_edge *edge, uint64_t pc) {
    bool stays;
    edge->rule = mt_rules_look_up(pc, &stays);
    edge->pc = pc;
    s->met_passing |= !stays;
}

/* Returns whether the slot is above the stack pointer of the frame in question, and can be read. */
static bool readable(struct mt_stack *s, uint64_t sp, uint64_t address, uint64_t bytes) {
    return address >= sp && !(address & 7) && mt_stack_can_read(&s->map, address, bytes);
}

static bool signal_step(struct mt_stack *s, struct mt_frame_state *state) {
    uint64_t frame = state->sp;
    if (!readable(s, frame, frame, MT_ARCH_SIGNAL_BYTES))
        return false;
    state->pc = *(const uint64_t *)(frame + MT_ARCH_SIGNAL_PC) | MT_PC_EXACT;
    state->sp = *(const uint64_t *)(frame + MT_ARCH_SIGNAL_SP);
    state->bp = *(const uint64_t *)(frame + MT_ARCH_SIGNAL_FP);
    if (state->sp < frame || !mt_stack_contains(&s->map, state->sp))
        mt_stack_leave(&s->map); /* the handler ran on a stack of its own */
    return true;
}

static bool has_cfi(uint64_t pc) {
    return pc != 0 && mt_rule_kind_of(mt_rules_find(pc)) != MT_RULE_NONE;
}

/* The thread's own stack is left by a signal frame or not at all. What is beyond its end is no
 * frame, not even a frame of what has begun below. */
static bool leaves_own(const struct mt_stack *s, uint64_t sp, uint64_t cfa) {
    return sp <= s->map.own.high && cfa > s->map.own.high;
}

/*
 * In code without CFI, rbp may be a frame pointer. It is believed when the chain leads to code that
 * is known. The records on the way there are counted, so that each of them is asked about once in a
 * walk and not once for each frame. What is left of the count is forgotten wherever a walk leaves
 * the chain: at its end, by another kind of step, at the limit, and before kept frames are compared.
 * (To forget it at the start of each walk would be an instruction on the hot path.)
 */
static bool is_chain(struct mt_stack *s, const struct mt_frame_state *state) {
    uint64_t bp = state->bp, above = state->sp;
    if ((s->found & MT_FOUND_CHAIN) && s->chain_bp == bp && s->chain_left > 0 && bp >= above)
        return true;
    for (uint32_t n = 1; n <= FRAME_POINTER_LOOKAHEAD; n++) {
        if (!readable(s, above, bp, MT_ARCH_RECORD_BYTES))
            return false;
        if (has_cfi(mt_arch_code(((const uint64_t *)bp)[1]))) {
            s->found |= MT_FOUND_CHAIN;
            s->chain_left = n;
            return true;
        }
        above = bp + MT_ARCH_RECORD_BYTES;
        bp = *(const uint64_t *)bp;
    }
    return false;
}

static bool frame_pointer_step(struct mt_stack *s, struct mt_frame_state *state) {
    if (!is_chain(s, state) || !readable(s, state->sp, state->bp, MT_ARCH_RECORD_BYTES)) {
        s->found &= ~(uint32_t)MT_FOUND_CHAIN;
        return false;
    }
    const uint64_t *record = (const uint64_t *)state->bp;
    *state = (struct mt_frame_state){
        .pc = mt_arch_code(record[1]), .sp = state->bp + MT_ARCH_RECORD_BYTES, .bp = record[0]};
    s->chain_bp = state->bp;
    if (--s->chain_left == 0)
        s->found &= ~(uint32_t)MT_FOUND_CHAIN;
    return true;
}

/* ---- code without CFI that is about to return ------------------------------------------------ */

static bool can_read_code(struct mt_stack *s, uint64_t low, uint64_t high) {
    if ((s->found & MT_FOUND_CODE) && low >= s->code.low && high <= s->code.high)
        return true;
    if (!mt_os_is_readable(low, high))
        return false;
    if (!(s->found & MT_FOUND_KEEPS_CODE))
        return true;
    s->code = (struct mt_stack_range){low, high};
    s->found |= MT_FOUND_CODE;
    return true;
}

/* Copies what can be read of the code; what cannot is 0, of which no epilogue is made. */
static bool read_code(struct mt_stack *s, uint64_t pc, uint8_t code[MT_ARCH_EPILOGUE_BYTES]) {
    uint64_t end = pc + MT_ARCH_EPILOGUE_BYTES;
    uint64_t low = pc & ~(uint64_t)(MT_OS_PAGE - 1), middle = low + MT_OS_PAGE;
    if (pc < MT_OS_PAGE || end > MT_ARCH_END_OF_USER - MT_OS_PAGE)
        return false;
    if (end > middle && !can_read_code(s, low, middle + MT_OS_PAGE))
        end = middle;
    if (end <= middle && !can_read_code(s, low, middle))
        return false;
    const uint8_t *from = (const uint8_t *)pc;
    for (uint64_t i = 0; i < MT_ARCH_EPILOGUE_BYTES; i++)
        code[i] = i < end - pc ? from[i] : 0;
    return true;
}

/*
 * Trampolines without a frame of their own (Python's, with -X perf) would be passed over by frame
 * pointers together with their callers. But when nothing follows the call except an epilogue, it
 * says where the return address is, whatever rbp holds.
 */
static bool epilogue_step(struct mt_stack *s, struct mt_frame_state *state) {
    uint8_t code[MT_ARCH_EPILOGUE_BYTES];
    struct mt_arch_epilogue e;
    if (!read_code(s, state->pc & ~MT_PC_EXACT, code) || !mt_arch_epilogue(code, &e))
        return false;
    uint64_t at = e.by_bp ? state->bp + 8 : state->sp + e.bytes;
    uint64_t bp_at = e.by_bp ? state->bp : state->sp + e.bp_at;
    bool has_bp = e.by_bp || e.has_bp;
    if (!readable(s, state->sp, at, 8) || (has_bp && !readable(s, state->sp, bp_at, 8)) ||
        leaves_own(s, state->sp, at + 8))
        return false;
    uint64_t ra = mt_arch_code(*(const uint64_t *)at), page = ra & ~(uint64_t)(MT_OS_PAGE - 1);
    if (ra != 0 && !has_cfi(ra) && (ra < MT_OS_PAGE || !can_read_code(s, page, page + MT_OS_PAGE)))
        return false; /* nothing is there: the code before has not called, or never returns */
    s->found &= ~(uint32_t)MT_FOUND_CHAIN;
    *state = (struct mt_frame_state){
        .pc = ra, .sp = at + 8, .bp = has_bp ? *(const uint64_t *)bp_at : state->bp};
    return true;
}

static bool cfa_of(struct mt_stack *s, mt_rule rule, const struct mt_frame_state *state,
                   uint64_t *cfa) {
    uint64_t offset = (uint64_t)mt_rule_cfa_offset(rule);
    *cfa = (mt_rule_kind_of(rule) == MT_RULE_SP ? state->sp : state->bp) + offset;
    if (mt_rule_kind_of(rule) == MT_RULE_SP)
        return true;
    if (mt_rule_kind_of(rule) == MT_RULE_BP_DEREF) {
        if (!readable(s, state->sp, *cfa, 8))
            return false;
        *cfa = *(const uint64_t *)*cfa;
    }
    return (*cfa & 7) == 0;
}

static bool cfa_step(struct mt_stack *s, mt_rule rule, struct mt_frame_state *state) {
    uint64_t cfa, bp = state->bp;
    if (!cfa_of(s, rule, state, &cfa) || cfa <= state->sp || leaves_own(s, state->sp, cfa))
        return false;
    uint64_t saved = mt_rule_bp_at_bp(rule) ? bp : cfa + (uint64_t)mt_rule_bp_offset(rule);
    if (mt_rule_reloads_bp(rule)) {
        uint64_t lowest = state->sp - ((state->pc & MT_PC_EXACT) ? MT_ARCH_RED_ZONE : 0);
        if (saved < lowest || !mt_stack_can_read(&s->map, saved, 8))
            return false;
        bp = *(const uint64_t *)saved;
    }
    uint64_t ra = cfa - MT_ARCH_RA_BELOW;
    if (ra < state->sp || !mt_stack_can_read(&s->map, ra, 8))
        return false;
    *state =
        (struct mt_frame_state){.pc = mt_arch_code(*(const uint64_t *)ra), .sp = cfa, .bp = bp};
    return true;
}

bool mt_walk_step_slow(struct mt_stack *s, mt_rule rule, struct mt_frame_state *state,
                       enum mt_walk_end *end) {
    bool went_on;
    enum mt_walk_end going_on = *end;
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
        went_on = epilogue_step(s, state) || frame_pointer_step(s, state);
        break;
    case MT_RULE_SLOW:
        went_on = mt_rules_slow_step(state, &s->map);
        break;
    case MT_RULE_SP:
    case MT_RULE_BP:
    case MT_RULE_BP_DEREF:
        went_on = cfa_step(s, rule, state);
        break;
    default:
        return false;
    }
    if (went_on)
        *end = going_on; /* a walk that ends at its limit was not lost before */
    return went_on;
}

/* ---- the comparison, where it is more than a few words of the own stack ---------------------- */

/* Returns whether what f leads to is still the frame outside of it. */
static bool restep(struct mt_stack *s, const struct mt_walk_frame *f) {
    struct mt_frame_state state = {.pc = f->pc, .sp = f->slot + 8, .bp = f->bp};
    const struct mt_walk_frame *outer = f - 1;
    enum mt_walk_end end = MT_END_LIMIT;
    return mt_walk_step(s, mt_walk_rule(s, f->pc), &state, &end) && state.pc == outer->pc &&
           state.sp == outer->slot + 8 &&
           (state.bp == outer->bp || !(outer->rare & MT_FRAME_NEEDS_BP));
}

/* Compares four at a time, with one branch each. Plain steps do not leave the own stack, so all
 * four words can be read, whatever the words before them hold. */
const struct mt_walk_frame *mt_walk_verify_deep(const struct mt_walk_frame *first,
                                                const struct mt_walk_frame *inner) {
    for (; inner - first >= 4; inner -= 4) {
        uint64_t differs = mt_walk_difference(inner - 1) | mt_walk_difference(inner - 2) |
                           mt_walk_difference(inner - 3) | mt_walk_difference(inner - 4);
        if (mt_unlikely(differs != 0))
            break;
    }
    return inner;
}

/* The first step that has to be taken again is left to the rare half, and the rest with it. */
const struct mt_walk_frame *mt_walk_verify_mixed(struct mt_stack *s,
                                                 const struct mt_walk_frame *inner) {
    for (; !(inner->rare & MT_FRAME_PLAIN); inner--) {
        if (inner->rare & MT_FRAME_RESTEP)
            return mt_walk_verify_rare(s, inner);
        if (!mt_walk_same_bp(inner, inner - 1) || mt_walk_difference(inner - 1) != 0)
            return inner;
    }
    return mt_walk_verify(s, inner);
}

/* Each word is read where the step would read it, if it can be read. */
static bool holds(struct mt_stack *s, const struct mt_walk_frame *f) {
    const struct mt_walk_frame *outer = f - 1;
    int16_t word = (int16_t)(f->rare & MT_FRAME_BP_WORD);
    if (f->rare & MT_FRAME_RESTEP)
        return restep(s, f);
    if (!mt_stack_can_read(&s->map, outer->slot, 8) || mt_walk_difference(outer) != 0)
        return false;
    return word == 0 ||
           (mt_stack_can_read(&s->map, outer->slot + 8 + (uint64_t)(int64_t)word * 8, 8) &&
            mt_walk_same_bp(f, outer));
}

const struct mt_walk_frame *mt_walk_verify_rare(struct mt_stack *s,
                                                const struct mt_walk_frame *inner) {
    struct mt_stack_range now = s->map.now;
    uint32_t quick = s->map.quick;
    s->found = MT_FOUND_KEEPS_CODE;
    while (inner != s->frame && holds(s, inner))
        inner--;
    bool all = inner == s->frame && (s->end == MT_END_RULE || mt_walk_ends_alike(s));
    s->found = 0;
    s->map.now =
        now; /* a signal frame may have led to another stack, and the walk goes on where it was */
    s->map.quick = quick;
    return all ? NULL : inner;
}

bool mt_walk_ends_alike(struct mt_stack *s) {
    const struct mt_walk_frame *f = s->frame;
    struct mt_frame_state state = {.pc = f->pc, .sp = f->slot + 8, .bp = f->bp};
    enum mt_walk_end end = MT_END_RULE;
    if (s->end == MT_END_LIMIT || s->end == MT_END_RULE) /* the rule, which depends on pc alone */
        return true;
    bool went_on = mt_walk_step(s, mt_walk_rule(s, f->pc), &state, &end);
    s->found = 0;
    if (went_on && state.pc == 0) {
        went_on = false;
        end = MT_END_ZERO;
    }
    return !went_on && end == s->end;
}

/* ---- where the walk begins ------------------------------------------------------------------- */

/* Returns whether the kept stack is a single one, up to the end of the thread's own: no signal
 * frame has led from one stack to another. */
static bool is_unbroken(struct mt_stack *s) {
    if (s->n_frames == 0 || s->end >= MT_END_LOST ||
        (s->map.own.high != 0 && !mt_stack_range_holds(&s->map.own, s->frame->slot)))
        return false;
    for (uint32_t i = 1; i < s->n_frames; i++) {
        const struct mt_walk_frame *f = &s->frame[i];
        if (f->slot >= f[-1].slot || ((f->rare & MT_FRAME_RESTEP) &&
                                      mt_rule_kind_of(mt_walk_rule(s, f->pc)) == MT_RULE_SIGNAL))
            return false;
    }
    return true;
}

void mt_walk_locate(struct mt_stack *s, uint64_t sp) {
    bool is_news = false;
    if (!mt_stack_range_holds(&s->map.own, sp)) {
        if (is_unbroken(s))
            is_news = mt_stack_settle(&s->map, s->frame[s->n_frames - 1].slot, s->frame->slot);
        if (s->map.own.high == 0)
            is_news = mt_stack_settle(&s->map, sp, sp);
    }
    /* A walk that did not know where the stack ends may have gone on beyond it. */
    if (is_news)
        s->n_frames = 0;
    mt_stack_locate(&s->map, sp);
}

uint32_t mt_walk_plain(struct mt_stack *s, struct mt_frame_state state, uint64_t *pc,
                       uint32_t max) {
    uint32_t n = 0;
    enum mt_walk_end end = MT_END_LIMIT;
    s->found = 0;
    mt_stack_locate(&s->map, state.sp);
    while (n < max && state.pc != 0) {
        pc[n++] = state.pc;
        if (!mt_walk_step(s, mt_rules_compute(state.pc), &state, &end))
            break;
    }
    s->found = 0;
    return n;
}

/* ---- what lies beyond the limit -------------------------------------------------------------- */

static uint32_t rounded(uint32_t n) {
    if (n < MT_WALK_ROUNDED)
        return n;
    int digits = 28 - __builtin_clz(n) - 1;
    return n >> digits << digits;
}

/*
 * What is so deep is a recursion, and its frames are the same few over and over. A turn is one of
 * them, with what its rule says, and leads to the next one; so a frame is a comparison and its step,
 * and no rule is looked for. A frame that is not the next of these, and whatever mt_walk_step would
 * leave to its slow half, is left to it.
 */
struct turn {
    uint64_t pc;
    int64_t cfa_offset, bp_offset;
    bool is_of_bp;
};
enum { MOST_TURNS = 16 };

/* Returns the CFA of a frame, or 0 when its step is not one of the quick ones. */
static inline uint64_t cfa_of_turn(const struct mt_stack *s, const struct turn *t, uint64_t sp,
                                   uint64_t bp) {
    uint64_t cfa = (t->is_of_bp ? bp : sp) + (uint64_t)t->cfa_offset;
    bool is_odd = t->is_of_bp && (cfa <= sp || (cfa & 7) != 0 || cfa + (uint64_t)t->bp_offset < sp);
    return cfa > s->map.now.high || is_odd ? 0 : cfa;
}

/* Counts frames of a function that calls itself from one place. What it does to rbp matters where
 * that ends, and not before. */
static uint32_t go_straight(const struct mt_stack *s, const struct turn *t,
                            struct mt_frame_state *state, uint32_t most) {
    uint64_t pc = t->pc, bytes = (uint64_t)t->cfa_offset, cfa = state->sp + bytes,
             high = s->map.now.high;
    uint32_t n = 0;
    for (;
         n < most && cfa <= high && mt_arch_code(*(const uint64_t *)(cfa - MT_ARCH_RA_BELOW)) == pc;
         n++)
        cfa += bytes;
    if (n != 0 && t->bp_offset != 0)
        state->bp = *(const uint64_t *)(cfa - bytes + (uint64_t)t->bp_offset);
    state->sp = cfa - bytes;
    return n;
}

/* The same of one whose frames are a chain of rbp. */
static uint32_t go_along_chain(const struct mt_stack *s, const struct turn *t,
                               struct mt_frame_state *state, uint32_t most) {
    uint64_t pc = t->pc, sp = state->sp, bp = state->bp, high = s->map.now.high;
    uint64_t up = (uint64_t)t->cfa_offset, to_bp = up + (uint64_t)t->bp_offset;
    uint32_t n = 0;
    for (uint64_t cfa; n < most; n++) {
        cfa = bp + up;
        if (cfa <= sp || cfa > high || (cfa & 7) != 0 || bp + to_bp < sp ||
            mt_arch_code(*(const uint64_t *)(cfa - MT_ARCH_RA_BELOW)) != pc)
            break;
        bp = *(const uint64_t *)(bp + to_bp);
        sp = cfa;
    }
    state->sp = sp;
    state->bp = bp;
    return n;
}

/* Counts frames that are those of turn, n_turns of them again and again, from state on. */
static uint32_t go_round(const struct mt_stack *s, const struct turn *turn, uint32_t n_turns,
                         struct mt_frame_state *state, uint32_t most) {
    const struct turn *t = turn;
    uint32_t n = 0;
    if (n_turns == 1 && !t->is_of_bp)
        n = go_straight(s, t, state, most);
    else if (n_turns == 1 && t->bp_offset != 0)
        n = go_along_chain(s, t, state, most);
    uint64_t pc = state->pc, sp = state->sp, bp = state->bp, cfa, next;
    while (n < most && pc == t->pc && (cfa = cfa_of_turn(s, t, sp, bp)) != 0 &&
           (next = mt_arch_code(*(const uint64_t *)(cfa - MT_ARCH_RA_BELOW))) != 0) {
        if (t->bp_offset != 0)
            bp = *(const uint64_t *)(cfa + (uint64_t)t->bp_offset);
        pc = next;
        sp = cfa;
        n++;
        if (++t == turn + n_turns)
            t = turn;
    }
    *state = (struct mt_frame_state){.pc = pc, .sp = sp, .bp = bp};
    return n;
}

static struct turn turn_of(uint64_t pc, mt_rule rule) {
    return (struct turn){pc, mt_rule_cfa_offset(rule), mt_rule_bp_offset(rule),
                         mt_rule_kind_of(rule) == MT_RULE_BP};
}

static bool is_quick(mt_rule rule) {
    return mt_rule_kind_of(rule) == MT_RULE_SP || mt_rule_kind_of(rule) == MT_RULE_BP;
}

/* Takes the steps from state, the outermost frame of a walk that met its limit, and counts the
 * frames that they lead to. */
static uint32_t missing_beyond(struct mt_stack *s, struct mt_frame_state state, bool has_cache) {
    enum mt_walk_end end = MT_END_LIMIT;
    struct turn turn[MOST_TURNS];
    uint32_t n = 0, n_turns = 0;
    bool went_on = true;
    s->found = 0; /* the walk may have been left in the middle of a chain */
    while (n < MT_WALK_MOST_MISSING) {
        if (n_turns != 0 && state.pc == turn[0].pc) {
            n += go_round(s, turn, n_turns, &state, MT_WALK_MOST_MISSING - n);
            n_turns = 0;
            if (n == MT_WALK_MOST_MISSING)
                break;
        }
        mt_rule rule = has_cache ? mt_walk_rule(s, state.pc) : mt_rules_compute(state.pc);
        if (!is_quick(rule) || n_turns == MOST_TURNS)
            n_turns = 0;
        else
            turn[n_turns++] = turn_of(state.pc, rule);
        went_on = mt_walk_step(s, rule, &state, &end);
        if (!went_on || state.pc == 0)
            break;
        n++;
    }
    s->found = 0;
    return end == MT_END_LOST ? 0 : rounded(n);
}

/* The outermost frame's rbp is right even if the frame is a kept one: see MT_FRAME_NEEDS_BP in
 * mt_walk. */
static uint32_t missing(struct mt_stack *s, struct mt_walk_result r) {
    struct mt_frame_state state;
    if (r.n_kept == 0)
        state = s->fresh[r.n_fresh - 1].state;
    else
        state = (struct mt_frame_state){
            .pc = s->frame->pc, .sp = s->frame->slot + MT_ARCH_RA_BELOW, .bp = s->frame->bp};
    if (!mt_stack_contains(&s->map, state.sp))
        mt_stack_locate(&s->map, state.sp);
    return missing_beyond(s, state, true);
}

uint32_t mt_walk_plain_missing(struct mt_stack *s, struct mt_frame_state state) {
    enum mt_walk_end end = MT_END_LIMIT;
    s->found = 0;
    mt_stack_locate(&s->map, state.sp);
    for (uint32_t i = 1; i < s->max_frames; i++)
        if (!mt_walk_step(s, mt_rules_compute(state.pc), &state, &end) || state.pc == 0) {
            s->found = 0;
            return 0;
        }
    return missing_beyond(s, state, false);
}

static struct mt_walk_result within_limit(struct mt_stack *s, struct mt_frame_state state,
                                          struct mt_walk_result r) {
    uint32_t total = r.n_kept + r.n_fresh;
    s->found = 0;
    if (r.n_kept == 0 ||
        (total <= s->max_frames && (s->end != MT_END_LIMIT || total == s->max_frames)))
        return r;
    s->n_frames = 0;
    return mt_walk_fresh(s, state, s->frame + s->max_frames);
}

struct mt_walk_result mt_walk_limited(struct mt_stack *s, struct mt_frame_state state,
                                      struct mt_walk_result r, mt_walk_child child, void *context,
                                      uint32_t truncated_root) {
    r = within_limit(s, state, r);
    uint32_t n = s->end == MT_END_LIMIT ? missing(s, r) : 0, root = truncated_root;
    if (n != 0)
        root = child(context, truncated_root, MT_WALK_MISSING | n, (mt_rule)MT_WALK_CUT << 5);
    if (r.n_kept != 0 && s->end == MT_END_LIMIT && root != s->cut_root) {
        s->n_frames = 0; /* the same frames, in other paths now */
        r = mt_walk_fresh(s, state, s->frame + s->max_frames);
    }
    s->cut_root = s->end == MT_END_LIMIT ? root : truncated_root;
    return r;
}

static uint32_t marked(const struct mt_walk_frame *first, const struct mt_walk_frame *f) {
    uint32_t rare = f->rare & ~(uint32_t)MT_FRAME_PLAIN;
    return rare | (f == first ? (uint32_t)MT_FRAME_PLAIN : mt_walk_plain_beyond(rare, f[-1].rare));
}

void mt_walk_mark(struct mt_stack *s) {
    for (uint32_t i = 0; i < s->n_frames; i++)
        s->frame[i].rare = marked(s->frame, &s->frame[i]);
}

/* ---- the walker ------------------------------------------------------------------------------ */

static bool check_pair(const struct mt_stack *s, const struct mt_walk_frame *f,
                       const struct mt_walk_frame *outer) {
    if (f->rare & MT_FRAME_RESTEP)
        return true;
    uint64_t top = s->map.own.high;
    bool knows_bp = (f->rare & (MT_FRAME_BP_WORD | MT_FRAME_NEEDS_BP)) != 0;
    return f->slot < outer->slot && !(f->slot < top && outer->slot >= top) &&
           (knows_bp || !(outer->rare & MT_FRAME_NEEDS_BP));
}

bool mt_walk_check(const struct mt_stack *s) {
    if (!mt_stack_check(&s->map) || s->found != 0 || s->n_frames > s->max_frames ||
        s->frame[-1].slot != UINT64_MAX)
        return false;
    for (uint32_t i = 0; i < s->n_frames; i++)
        if (marked(s->frame, &s->frame[i]) != s->frame[i].rare ||
            (i != 0 && !check_pair(s, &s->frame[i], &s->frame[i - 1])))
            return false;
    return true;
}
