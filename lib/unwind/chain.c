/* SPDX-License-Identifier: MIT */
/*
 * The same steps as those of walk.c. Rules are not entered into their cache, and modules
 * not in their table, when that would mean to learn something new: both take locks, and the code
 * that is asked about may hold them.
 */
#include "unwind/chain.h"

#include "unwind/cfi.h"
#include "unwind/rules.h"

#include <dlfcn.h>

#pragma weak _dl_find_object /* glibc 2.35 */

enum { FRAME_POINTER_LOOKAHEAD = 512 };

static bool load(struct mt_chain *c, uint64_t address, uint64_t *word) {
    uint64_t page = address & ~(uint64_t)(MT_OS_PAGE - 1);
    if ((address & 7) || page == 0 || /* which no chain leads to, and c->page is before it begins */
        (page != c->page && mt_os_first_unreadable(page, page + MT_OS_PAGE) == page))
        return false;
    c->page = page;
    *word = *(const uint64_t *)address; /* NOLINT(performance-no-int-to-ptr) */
    return true;
}

/* Finds the tables of the live code that contains pc, wherever in the file they are. */
static struct mt_cfi cfi_of(uint64_t pc) {
    struct dl_find_object o;
    uint64_t address = (pc & MT_PC_EXACT) ? (pc & ~MT_PC_EXACT) : pc - 1;
    if (_dl_find_object == NULL ||
        _dl_find_object((void *)address, &o) != 0) /* NOLINT(performance-no-int-to-ptr) */
        return (struct mt_cfi){0};
    return (struct mt_cfi){o.dlfo_eh_frame, 0, MT_ARCH_END_OF_USER};
}

/* The outermost frame of a stack that somebody has built "returns" to the first byte of a
 * function. */
static mt_rule rule_of(uint64_t pc) {
    mt_rule rule;
    if (mt_rules_peek(pc, &rule))
        return rule;
    struct mt_cfi cfi = cfi_of(pc);
    rule = cfi.header != NULL ? mt_cfi_rule(&cfi, pc) : MT_RULE_NONE;
    if (rule == MT_RULE_NONE && cfi.header != NULL &&
        mt_cfi_rule(&cfi, pc | MT_PC_EXACT) != MT_RULE_NONE)
        rule = MT_RULE_END;
    return rule;
}

static bool signal_step(struct mt_chain *c) {
    uint64_t frame = c->state.sp;
    if (!load(c, frame + MT_ARCH_SIGNAL_PC, &c->state.pc) ||
        !load(c, frame + MT_ARCH_SIGNAL_SP, &c->state.sp) ||
        !load(c, frame + MT_ARCH_SIGNAL_FP, &c->state.bp))
        return false;
    c->state.pc |= MT_PC_EXACT;
    c->has_crossed_signal = true;
    return true;
}

/* In code without CFI, rbp is believed when it leads to code that is known. */
static bool frame_pointer_step(struct mt_chain *c) {
    struct mt_frame_state *state = &c->state;
    uint64_t bp = state->bp, above = state->sp, next, pc;
    for (int i = 0; i < FRAME_POINTER_LOOKAHEAD; i++) {
        if (bp < above || !load(c, bp, &next) || !load(c, bp + 8, &pc))
            return false;
        pc = mt_arch_code(pc);
        if (pc != 0 && mt_rule_kind_of(rule_of(pc)) != MT_RULE_NONE)
            return load(c, state->bp + 8, &state->pc) &&
                   (state->pc = mt_arch_code(state->pc),
                    state->sp = state->bp + MT_ARCH_RECORD_BYTES, load(c, state->bp, &state->bp));
        above = bp + MT_ARCH_RECORD_BYTES;
        bp = next;
    }
    return false;
}

/* Copies the code, as far as it can be read; the rest is 0, of which no epilogue is made. */
static void load_code(struct mt_chain *c, uint64_t pc, uint8_t code[MT_ARCH_EPILOGUE_BYTES]) {
    uint64_t word = 0, at = UINT64_MAX;
    for (uint64_t i = 0; i < MT_ARCH_EPILOGUE_BYTES; i++) {
        uint64_t aligned = (pc + i) & ~UINT64_C(7);
        if (aligned != at && !load(c, aligned, &word))
            word = 0;
        at = aligned;
        code[i] = (uint8_t)(word >> 8 * (pc + i - aligned));
    }
}

static bool epilogue_step(struct mt_chain *c) {
    struct mt_frame_state *state = &c->state, next = *state;
    uint8_t code[MT_ARCH_EPILOGUE_BYTES];
    struct mt_arch_epilogue e;
    load_code(c, state->pc & ~MT_PC_EXACT, code);
    if (!mt_arch_epilogue(code, &e))
        return false;
    uint64_t ra = e.by_bp ? state->bp + 8 : state->sp + e.bytes;
    uint64_t bp = e.by_bp ? state->bp : state->sp + e.bp_at;
    if (ra < state->sp || !load(c, ra, &next.pc) ||
        ((e.by_bp || e.has_bp) && (bp < state->sp || !load(c, bp, &next.bp))))
        return false;
    next.pc = mt_arch_code(next.pc);
    next.sp = ra + 8;
    *state = next;
    return true;
}

static bool cfa_step(struct mt_chain *c, mt_rule rule) {
    struct mt_frame_state *state = &c->state;
    uint64_t bp = state->bp, cfa = (uint64_t)mt_rule_cfa_offset(rule), pc;
    if (mt_rule_kind_of(rule) == MT_RULE_BP_DEREF) {
        if (!load(c, bp + cfa, &cfa) || (mt_rule_bp_at_bp(rule) && !load(c, bp, &bp)))
            return false;
    } else {
        cfa += mt_rule_kind_of(rule) == MT_RULE_SP ? state->sp : bp;
    }
    if (cfa <= state->sp || !load(c, cfa - MT_ARCH_RA_BELOW, &pc))
        return false;
    int64_t bp_offset = mt_rule_bp_offset(rule);
    if (bp_offset != 0 && !load(c, cfa + (uint64_t)bp_offset, &bp))
        return false;
    *state = (struct mt_frame_state){.pc = mt_arch_code(pc), .sp = cfa, .bp = bp};
    return true;
}

/* mt_cfi_step reads the stack itself, where a map says that it may. */
static bool slow_step(struct mt_frame_state *state) {
    struct mt_cfi cfi = cfi_of(state->pc);
    struct mt_stack_map map = {0};
    return cfi.header != NULL && mt_cfi_step(&cfi, state, &map);
}

bool mt_chain_step(struct mt_chain *c) {
    if (c->state.pc == 0) {
        c->is_whole = true;
        return false;
    }
    mt_rule rule = rule_of(c->state.pc);
    switch (mt_rule_kind_of(rule)) {
    case MT_RULE_END:
        c->is_whole = true;
        return false;
    case MT_RULE_SIGNAL:
        return signal_step(c);
    case MT_RULE_NONE:
        return epilogue_step(c) || frame_pointer_step(c);
    case MT_RULE_SLOW:
        return slow_step(&c->state);
    case MT_RULE_SP:
    case MT_RULE_BP:
    case MT_RULE_BP_DEREF:
        return cfa_step(c, rule);
    default:
        return false;
    }
}
