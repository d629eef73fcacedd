/* SPDX-License-Identifier: MIT */
/*
 * MT_RULE_SLOW: a step whose rule does not fit into 8 bytes. The row is found and its expressions
 * are evaluated each time, on a machine of 16 words that knows rsp, rbp and rip, and the operations
 * that compilers and libc write in unwind tables. Memory is read where the stack's map says that it
 * can be.
 */
#include "unwind/cfi-local.h"

#include <dwarf.h>

enum { MAX_EXPRESSION_STACK = 16 };

struct machine {
    uint64_t stack[MAX_EXPRESSION_STACK];
    unsigned depth;
    const struct mt_frame_state *state;
    struct mt_stack_map *map;
};

/* An interrupted function may have saved something below its stack pointer, in the red zone of
 * the psABI. */
static bool load(const struct machine *m, uint64_t address, uint64_t *value) {
    uint64_t lowest = m->state->sp - ((m->state->pc & MT_PC_EXACT) ? MT_ARCH_RED_ZONE : 0);
    if (address < lowest || (address & 7) || !mt_stack_can_read(m->map, address, 8))
        return false;
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): inside the stack, by the line before */
    *value = *(const uint64_t *)address;
    return true;
}

static bool binary(uint8_t op, uint64_t a, uint64_t b, uint64_t *result) {
    switch (op) {
    case DW_OP_and:
        *result = a & b;
        return true;
    case DW_OP_minus:
        *result = a - b;
        return true;
    case DW_OP_mul:
        *result = a * b;
        return true;
    case DW_OP_or:
        *result = a | b;
        return true;
    case DW_OP_plus:
        *result = a + b;
        return true;
    case DW_OP_shl:
        *result = b < 64 ? a << b : 0;
        return true;
    case DW_OP_shr:
        *result = b < 64 ? a >> b : 0;
        return true;
    case DW_OP_xor:
        *result = a ^ b;
        return true;
    case DW_OP_eq:
        *result = a == b;
        return true;
    case DW_OP_ge:
        *result = (int64_t)a >= (int64_t)b;
        return true;
    case DW_OP_gt:
        *result = (int64_t)a > (int64_t)b;
        return true;
    case DW_OP_le:
        *result = (int64_t)a <= (int64_t)b;
        return true;
    case DW_OP_lt:
        *result = (int64_t)a < (int64_t)b;
        return true;
    case DW_OP_ne:
        *result = a != b;
        return true;
    default:
        return false;
    }
}

static bool push_register(struct machine *m, uint64_t reg, int64_t offset, uint64_t *value) {
    if (reg == MT_ARCH_FP)
        *value = m->state->bp;
    else if (reg == MT_ARCH_SP)
        *value = m->state->sp;
    else if (reg == MT_ARCH_RA)
        *value = m->state->pc & ~MT_PC_EXACT;
    else
        return false;
    *value += (uint64_t)offset;
    return true;
}

/* Runs an operation that pushes a constant or a register without popping. */
static bool push_operand(struct machine *m, uint8_t op, struct mt_cfi_cursor *c, uint64_t *value) {
    if (op >= DW_OP_lit0 && op <= DW_OP_lit31)
        *value = (uint64_t)op - DW_OP_lit0;
    else if (op >= DW_OP_breg0 && op <= DW_OP_breg31)
        return push_register(m, (uint64_t)op - DW_OP_breg0, mt_cfi_sleb(c), value);
    else if (op == DW_OP_const1u)
        *value = mt_cfi_bytes(c, 1);
    else if (op == DW_OP_const2u)
        *value = mt_cfi_bytes(c, 2);
    else if (op == DW_OP_const4u)
        *value = mt_cfi_bytes(c, 4);
    else if (op == DW_OP_constu)
        *value = mt_cfi_uleb(c);
    else if (op == DW_OP_consts)
        *value = (uint64_t)mt_cfi_sleb(c);
    else
        return false;
    return true;
}

/* Evaluates a DWARF expression on rsp, rbp and rip. What is already on the machine's stack stays
 * below. */
static bool evaluate(struct machine *m, struct mt_cfi_cursor c, uint64_t *result) {
    while (c.p < c.end) {
        uint8_t op = (uint8_t)mt_cfi_bytes(&c, 1);
        uint64_t value;
        if (push_operand(m, op, &c, &value)) {
            if (m->depth == MAX_EXPRESSION_STACK)
                return false;
            m->stack[m->depth++] = value;
        } else if (op == DW_OP_deref) {
            if (m->depth < 1 || !load(m, m->stack[m->depth - 1], &m->stack[m->depth - 1]))
                return false;
        } else if (op == DW_OP_plus_uconst) {
            if (m->depth < 1)
                return false;
            m->stack[m->depth - 1] += mt_cfi_uleb(&c);
        } else if (m->depth >= 2 &&
                   binary(op, m->stack[m->depth - 2], m->stack[m->depth - 1], &value)) {
            m->stack[--m->depth - 1] = value;
        } else if (op != DW_OP_nop) {
            return false;
        }
    }
    if (m->depth < 1 || c.failed)
        return false;
    *result = m->stack[m->depth - 1];
    return true;
}

static bool caller_bp(struct machine *m, const struct mt_cfi_row *row, uint64_t cfa, uint64_t *bp) {
    uint64_t address;
    switch (row->bp) {
    case MT_CFI_AT_CFA:
        return load(m, cfa + (uint64_t)row->bp_offset, bp);
    case MT_CFI_AT_EXPRESSION:
        m->stack[0] = cfa;
        m->depth = 1;
        return evaluate(m, row->bp_expression, &address) && load(m, address, bp);
    default:
        return row->bp == MT_CFI_SAME;
    }
}

bool mt_cfi_step(const struct mt_cfi *cfi, struct mt_frame_state *state, struct mt_stack_map *map) {
    struct mt_cfi_row row;
    if (!mt_cfi_find_row(cfi, state->pc, &row) || row.ra != MT_CFI_AT_CFA ||
        row.ra_offset != -MT_ARCH_RA_BELOW)
        return false;
    struct machine m = {.state = state, .map = map};
    uint64_t cfa, ra, bp = state->bp;
    if (row.cfa_expression.p != NULL) {
        if (!evaluate(&m, row.cfa_expression, &cfa))
            return false;
    } else if (!push_register(&m, row.cfa_register, row.cfa_offset, &cfa)) {
        return false;
    }
    if (cfa <= state->sp || !load(&m, cfa - MT_ARCH_RA_BELOW, &ra) ||
        !caller_bp(&m, &row, cfa, &bp))
        return false;
    *state = (struct mt_frame_state){.pc = mt_arch_code(ra), .sp = cfa, .bp = bp};
    return true;
}
