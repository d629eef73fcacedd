/* SPDX-License-Identifier: MIT */
/*
 * Reads .eh_frame: binary search in .eh_frame_hdr, the CIE's and the FDE's instructions up to the address, and the
 * row that results, reduced to a rule. Only what decides rsp, rbp and the return address is kept: no caller of malloc
 * needs the other registers to be unwound through.
 *
 * The section is trusted as far as the target's own exceptions trust it: it is mapped, and ends where its lengths
 * say. Rejected: libgcc's unwinder (locks, allocates), libunwind (dependency, cannot be reduced to rules).
 */
#include "unwind/cfi.h"

enum { RED_ZONE = 128 };
enum { DW_RBP = 6, DW_RSP = 7, DW_RA = 16, MAX_SAVED_ROWS = 8, MAX_EXPRESSION_STACK = 16 };

enum bp_place { BP_SAME, BP_AT_CFA, BP_AT_EXPRESSION, BP_LOST };

struct row {
    uint64_t cfa_register;
    int64_t cfa_offset;
    const uint8_t *cfa_expression; /* NULL: register + offset */
    uint64_t cfa_expression_bytes;
    enum bp_place bp;
    int64_t bp_offset;
    const uint8_t *bp_expression;
    uint64_t bp_expression_bytes;
    bool ra_undefined;
};

struct frame_entry {
    const uint8_t *cie_begin, *cie_end; /* instructions */
    const uint8_t *fde_begin, *fde_end;
    uint64_t code_align;
    int64_t data_align;
    uint64_t pc_begin;
    uint8_t pointer_encoding;
    bool signal_frame;
};

static uint64_t read_bytes(const uint8_t **p, unsigned n) {
    uint64_t value = 0;
    for (unsigned i = 0; i < n; i++)
        value |= (uint64_t)(*p)[i] << (8 * i);
    *p += n;
    return value;
}

static uint64_t read_uleb(const uint8_t **p) {
    uint64_t value = 0;
    unsigned shift = 0;
    uint8_t byte;
    do {
        byte = *(*p)++;
        if (shift < 64)
            value |= (uint64_t)(byte & 0x7f) << shift;
        shift += 7;
    } while (byte & 0x80);
    return value;
}

static int64_t read_sleb(const uint8_t **p) {
    uint64_t value = 0;
    unsigned shift = 0;
    uint8_t byte;
    do {
        byte = *(*p)++;
        if (shift < 64)
            value |= (uint64_t)(byte & 0x7f) << shift;
        shift += 7;
    } while (byte & 0x80);
    if (shift < 64 && (byte & 0x40))
        value |= ~UINT64_C(0) << shift;
    return (int64_t)value;
}

/* DW_EH_PE_*: low nibble the format, 0x10 relative to the place it is read from. */
static uint64_t read_encoded(const uint8_t **p, uint8_t encoding) {
    const uint8_t *place = *p;
    uint64_t value;
    switch (encoding & 15) {
    case 1:
        value = read_uleb(p);
        break;
    case 2:
        value = read_bytes(p, 2);
        break;
    case 3:
        value = read_bytes(p, 4);
        break;
    case 9:
        value = (uint64_t)read_sleb(p);
        break;
    case 10:
        value = (uint64_t)(int64_t)(int16_t)read_bytes(p, 2);
        break;
    case 11:
        value = (uint64_t)(int64_t)(int32_t)read_bytes(p, 4);
        break;
    default:
        value = read_bytes(p, 8);
    }
    return (encoding & 0x70) == 0x10 ? value + (uint64_t)place : value;
}

/* The FDE that the sorted table of .eh_frame_hdr names for pc, or NULL. */
static const uint8_t *search_table(const uint8_t *header, uint64_t pc) {
    if (header[0] != 1 || header[3] != 0x3b) /* table of 4-byte pairs relative to the header: what every linker makes */
        return NULL;
    const uint8_t *p = header + 4;
    read_encoded(&p, header[1]);
    uint64_t n = read_encoded(&p, header[2]);
    const int32_t *table = (const int32_t *)(const void *)p;
    uint64_t base = (uint64_t)header;
    if (n == 0 || base + (uint64_t)(int64_t)table[0] > pc)
        return NULL;
    uint64_t low = 0;
    while (n - low > 1) {
        uint64_t middle = low + (n - low) / 2;
        if (base + (uint64_t)(int64_t)table[2 * middle] <= pc)
            low = middle;
        else
            n = middle;
    }
    return header + table[2 * low + 1];
}

static void read_augmentation(const char *names, const uint8_t *data, struct frame_entry *e) {
    for (; *names; names++) {
        if (*names == 'R') {
            e->pointer_encoding = *data++;
        } else if (*names == 'P') {
            uint8_t encoding = *data++;
            read_encoded(&data, encoding & 0x7f);
        } else if (*names == 'L') {
            data++;
        } else if (*names == 'S') {
            e->signal_frame = true;
        }
    }
}

static void read_cie(const uint8_t *cie, struct frame_entry *e, bool *has_augmentation) {
    const uint8_t *p = cie;
    e->cie_end = cie + 4 + read_bytes(&p, 4);
    p += 4; /* CIE id */
    uint8_t version = *p++;
    const char *augmentation = (const char *)p;
    while (*p++)
        ;
    e->code_align = read_uleb(&p);
    e->data_align = read_sleb(&p);
    if (version == 1)
        p++;
    else
        read_uleb(&p);
    e->pointer_encoding = 0;
    e->signal_frame = false;
    *has_augmentation = augmentation[0] == 'z';
    if (*has_augmentation) {
        uint64_t bytes = read_uleb(&p);
        read_augmentation(augmentation + 1, p, e);
        p += bytes;
    }
    e->cie_begin = p;
}

static bool find_entry(const uint8_t *header, uint64_t pc, struct frame_entry *e) {
    const uint8_t *fde = search_table(header, pc);
    if (fde == NULL)
        return false;
    const uint8_t *p = fde;
    uint64_t bytes = read_bytes(&p, 4);
    if (bytes == 0 || bytes >= 0xfffffff0u)
        return false;
    e->fde_end = fde + 4 + bytes;
    const uint8_t *id_place = p;
    uint64_t cie_distance = read_bytes(&p, 4);
    bool has_augmentation;
    read_cie(id_place - cie_distance, e, &has_augmentation);
    e->pc_begin = read_encoded(&p, e->pointer_encoding);
    uint64_t range = read_encoded(&p, e->pointer_encoding & 15);
    if (pc < e->pc_begin || pc - e->pc_begin >= range)
        return false;
    if (has_augmentation) {
        uint64_t skip = read_uleb(&p);
        p += skip;
    }
    e->fde_begin = p;
    return true;
}

static void set_register(struct row *row, uint64_t reg, enum bp_place place, int64_t offset) {
    if (reg == DW_RBP) {
        row->bp = place;
        row->bp_offset = offset;
    } else if (reg == DW_RA && place == BP_LOST) {
        row->ra_undefined = true;
    }
}

static void restore_register(struct row *row, uint64_t reg, const struct row *initial) {
    if (reg == DW_RBP) {
        row->bp = initial->bp;
        row->bp_offset = initial->bp_offset;
        row->bp_expression = initial->bp_expression;
        row->bp_expression_bytes = initial->bp_expression_bytes;
    }
}

/* DW_CFA_* with operands that define registers and the CFA. False: unknown opcode. */
static bool run_definition(uint8_t op, const uint8_t **p, struct row *row, const struct frame_entry *e) {
    uint64_t reg, bytes;
    switch (op) {
    case 0x05: /* offset_extended */
        reg = read_uleb(p);
        set_register(row, reg, BP_AT_CFA, (int64_t)read_uleb(p) * e->data_align);
        return true;
    case 0x11: /* offset_extended_sf */
        reg = read_uleb(p);
        set_register(row, reg, BP_AT_CFA, read_sleb(p) * e->data_align);
        return true;
    case 0x07: /* undefined */
        set_register(row, read_uleb(p), BP_LOST, 0);
        return true;
    case 0x08: /* same_value */
        set_register(row, read_uleb(p), BP_SAME, 0);
        return true;
    case 0x09: /* register */
    case 0x14: /* val_offset */
        reg = read_uleb(p);
        read_uleb(p);
        set_register(row, reg == DW_RA ? DW_RSP : reg, BP_LOST, 0);
        return true;
    case 0x0c: /* def_cfa */
        row->cfa_register = read_uleb(p);
        row->cfa_offset = (int64_t)read_uleb(p);
        row->cfa_expression = NULL;
        return true;
    case 0x12: /* def_cfa_sf */
        row->cfa_register = read_uleb(p);
        row->cfa_offset = read_sleb(p) * e->data_align;
        row->cfa_expression = NULL;
        return true;
    case 0x0d: /* def_cfa_register */
        row->cfa_register = read_uleb(p);
        row->cfa_expression = NULL;
        return true;
    case 0x0e: /* def_cfa_offset */
        row->cfa_offset = (int64_t)read_uleb(p);
        return true;
    case 0x13: /* def_cfa_offset_sf */
        row->cfa_offset = read_sleb(p) * e->data_align;
        return true;
    case 0x0f: /* def_cfa_expression */
        bytes = read_uleb(p);
        row->cfa_expression = *p;
        row->cfa_expression_bytes = bytes;
        *p += bytes;
        return true;
    case 0x10: /* expression */
    case 0x16: /* val_expression */
        reg = read_uleb(p);
        bytes = read_uleb(p);
        set_register(row, reg, op == 0x10 ? BP_AT_EXPRESSION : BP_LOST, 0);
        if (reg == DW_RBP) {
            row->bp_expression = *p;
            row->bp_expression_bytes = bytes;
        }
        *p += bytes;
        return true;
    case 0x00: /* nop */
        return true;
    case 0x2e: /* GNU_args_size */
        read_uleb(p);
        return true;
    default:
        return false;
    }
}

/* DW_CFA_advance_loc and its wider forms: the location after it, or no change for other opcodes. */
static bool advance(uint8_t op, const uint8_t **p, const struct frame_entry *e, uint64_t *location) {
    if ((op & 0xc0) == 0x40)
        *location += (op & 0x3f) * e->code_align;
    else if (op == 0x01)
        *location = read_encoded(p, e->pointer_encoding);
    else if (op == 0x02)
        *location += read_bytes(p, 1) * e->code_align;
    else if (op == 0x03)
        *location += read_bytes(p, 2) * e->code_align;
    else if (op == 0x04)
        *location += read_bytes(p, 4) * e->code_align;
    else
        return false;
    return true;
}

/* Run instructions until they pass pc. False: an opcode that we do not know. */
static bool run(const uint8_t *p, const uint8_t *end, const struct frame_entry *e, uint64_t pc, struct row *row,
                const struct row *initial) {
    struct row saved[MAX_SAVED_ROWS];
    unsigned depth = 0;
    uint64_t location = e->pc_begin;
    while (p < end) {
        uint8_t op = *p++;
        if (advance(op, &p, e, &location)) {
            if (location > pc)
                return true;
        } else if ((op & 0xc0) == 0x80) {
            set_register(row, op & 0x3f, BP_AT_CFA, (int64_t)read_uleb(&p) * e->data_align);
        } else if ((op & 0xc0) == 0xc0) {
            restore_register(row, op & 0x3f, initial);
        } else if (op == 0x06) {
            restore_register(row, read_uleb(&p), initial);
        } else if (op == 0x0a) {
            if (depth == MAX_SAVED_ROWS)
                return false;
            saved[depth++] = *row;
        } else if (op == 0x0b) {
            if (depth == 0)
                return false;
            *row = saved[--depth];
        } else if (!run_definition(op, &p, row, e)) {
            return false;
        }
    }
    return true;
}

static bool find_row(const uint8_t *header, uint64_t pc, struct row *row, bool *signal_frame) {
    struct frame_entry e;
    uint64_t lookup = (pc & MT_PC_EXACT) ? (pc & ~MT_PC_EXACT) : pc - 1;
    if (!find_entry(header, lookup, &e))
        return false;
    *signal_frame = e.signal_frame;
    *row = (struct row){0};
    struct row initial = {0};
    if (!run(e.cie_begin, e.cie_end, &e, ~UINT64_C(0), row, &initial))
        return false;
    initial = *row;
    return run(e.fde_begin, e.fde_end, &e, lookup, row, &initial);
}

static mt_rule encode(enum mt_rule_kind kind, int64_t cfa_offset, int64_t bp_offset) {
    if ((cfa_offset & 7) || (bp_offset & 7) || bp_offset / 8 < INT16_MIN || bp_offset > 0 ||
        cfa_offset / 8 >= 1 << 27 || cfa_offset / 8 < -(1 << 27) ||
        (kind == MT_RULE_SP && (cfa_offset < 8 || -bp_offset > cfa_offset)) || (kind == MT_RULE_BP && bp_offset == 0))
        return MT_RULE_SLOW;
    return (uint64_t)(cfa_offset / 8) << 36 | (uint64_t)(uint16_t)(bp_offset / 8) << 20 | kind;
}

/* CFA = *(rbp + n), rbp saved at [rbp] or at the CFA: what compilers write for a realigned stack. */
static mt_rule realigned(const struct row *row) {
    const uint8_t *p = row->cfa_expression;
    const uint8_t *end = p + row->cfa_expression_bytes;
    if (p >= end || *p++ != 0x70 + DW_RBP)
        return MT_RULE_SLOW;
    int64_t offset = read_sleb(&p);
    if (p + 1 != end || *p != 0x06)
        return MT_RULE_SLOW;
    if (row->bp == BP_AT_CFA)
        return encode(MT_RULE_BP_DEREF, offset, row->bp_offset);
    if (row->bp == BP_AT_EXPRESSION && row->bp_expression_bytes == 2 && row->bp_expression[0] == 0x70 + DW_RBP &&
        row->bp_expression[1] == 0) {
        mt_rule rule = encode(MT_RULE_BP_DEREF, offset, 0);
        return rule == MT_RULE_SLOW ? rule : rule | 16;
    }
    return MT_RULE_SLOW;
}

mt_rule mt_cfi_rule(const uint8_t *header, uint64_t pc) {
    struct row row;
    bool signal_frame;
    if (!find_row(header, pc, &row, &signal_frame))
        return MT_RULE_NONE;
    if (row.ra_undefined)
        return MT_RULE_END;
    if (signal_frame)
        return MT_RULE_SIGNAL;
    if (row.cfa_expression != NULL)
        return realigned(&row);
    if ((row.cfa_register != DW_RSP && row.cfa_register != DW_RBP) || row.bp == BP_LOST)
        return MT_RULE_UNKNOWN;
    if (row.bp == BP_AT_EXPRESSION || (row.bp == BP_AT_CFA && row.bp_offset == 0))
        return MT_RULE_SLOW;
    return encode(row.cfa_register == DW_RSP ? MT_RULE_SP : MT_RULE_BP, row.cfa_offset,
                  row.bp == BP_AT_CFA ? row.bp_offset : 0);
}

/* ---- MT_RULE_SLOW ---------------------------------------------------------------------------------------------- */

struct machine {
    uint64_t stack[MAX_EXPRESSION_STACK];
    unsigned depth;
    const struct mt_frame_state *state;
    struct mt_stack_map *map;
};

/* An interrupted function may have saved something below its stack pointer: the red zone of the psABI. */
static bool load(const struct machine *m, uint64_t address, uint64_t *value) {
    uint64_t lowest = m->state->sp - ((m->state->pc & MT_PC_EXACT) ? RED_ZONE : 0);
    if (address < lowest || (address & 7) || !mt_stack_can_read(m->map, address, 8))
        return false;
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): inside the stack, by the line before */
    *value = *(const uint64_t *)address;
    return true;
}

static bool binary(uint8_t op, uint64_t a, uint64_t b, uint64_t *result) {
    switch (op) {
    case 0x1a:
        *result = a & b;
        return true;
    case 0x1c:
        *result = a - b;
        return true;
    case 0x1e:
        *result = a * b;
        return true;
    case 0x21:
        *result = a | b;
        return true;
    case 0x22:
        *result = a + b;
        return true;
    case 0x24:
        *result = b < 64 ? a << b : 0;
        return true;
    case 0x25:
        *result = b < 64 ? a >> b : 0;
        return true;
    case 0x27:
        *result = a ^ b;
        return true;
    case 0x29:
        *result = a == b;
        return true;
    case 0x2a:
        *result = (int64_t)a >= (int64_t)b;
        return true;
    case 0x2b:
        *result = (int64_t)a > (int64_t)b;
        return true;
    case 0x2c:
        *result = (int64_t)a <= (int64_t)b;
        return true;
    case 0x2d:
        *result = (int64_t)a < (int64_t)b;
        return true;
    case 0x2e:
        *result = a != b;
        return true;
    default:
        return false;
    }
}

static bool push_register(struct machine *m, unsigned reg, int64_t offset, uint64_t *value) {
    if (reg == DW_RBP)
        *value = m->state->bp;
    else if (reg == DW_RSP)
        *value = m->state->sp;
    else if (reg == DW_RA)
        *value = m->state->pc & ~MT_PC_EXACT;
    else
        return false;
    *value += (uint64_t)offset;
    return true;
}

/* A constant or a register: what an operation pushes without popping. */
static bool push_operand(struct machine *m, uint8_t op, const uint8_t **p, uint64_t *value) {
    if (op >= 0x30 && op <= 0x4f)
        *value = op - 0x30u;
    else if (op >= 0x70 && op <= 0x8f)
        return push_register(m, op - 0x70u, read_sleb(p), value);
    else if (op == 0x08)
        *value = read_bytes(p, 1);
    else if (op == 0x0a)
        *value = read_bytes(p, 2);
    else if (op == 0x0c)
        *value = read_bytes(p, 4);
    else if (op == 0x10)
        *value = read_uleb(p);
    else if (op == 0x11)
        *value = (uint64_t)read_sleb(p);
    else
        return false;
    return true;
}

/* DWARF expression on rsp, rbp and rip. What already lies on the machine's stack stays below. */
static bool evaluate(struct machine *m, const uint8_t *p, uint64_t bytes, uint64_t *result) {
    const uint8_t *end = p + bytes;
    while (p < end) {
        uint8_t op = *p++;
        uint64_t value;
        if (push_operand(m, op, &p, &value)) {
            if (m->depth == MAX_EXPRESSION_STACK)
                return false;
            m->stack[m->depth++] = value;
        } else if (op == 0x06) {
            if (m->depth < 1 || !load(m, m->stack[m->depth - 1], &m->stack[m->depth - 1]))
                return false;
        } else if (op == 0x23) {
            if (m->depth < 1)
                return false;
            m->stack[m->depth - 1] += read_uleb(&p);
        } else if (m->depth >= 2 && binary(op, m->stack[m->depth - 2], m->stack[m->depth - 1], &value)) {
            m->stack[--m->depth - 1] = value;
        } else if (op != 0x96) {
            return false;
        }
    }
    if (m->depth < 1)
        return false;
    *result = m->stack[m->depth - 1];
    return true;
}

static bool caller_bp(struct machine *m, const struct row *row, uint64_t cfa, uint64_t *bp) {
    uint64_t address;
    switch (row->bp) {
    case BP_AT_CFA:
        return load(m, cfa + (uint64_t)row->bp_offset, bp);
    case BP_AT_EXPRESSION:
        m->stack[0] = cfa;
        m->depth = 1;
        return evaluate(m, row->bp_expression, row->bp_expression_bytes, &address) && load(m, address, bp);
    default:
        return row->bp == BP_SAME;
    }
}

bool mt_cfi_step(const uint8_t *header, struct mt_frame_state *state, struct mt_stack_map *map) {
    struct row row;
    bool signal_frame;
    if (!find_row(header, state->pc, &row, &signal_frame) || row.ra_undefined)
        return false;
    struct machine m = {.state = state, .map = map};
    uint64_t cfa, ra, bp = state->bp;
    if (row.cfa_expression != NULL) {
        if (!evaluate(&m, row.cfa_expression, row.cfa_expression_bytes, &cfa))
            return false;
    } else if (!push_register(&m, (unsigned)row.cfa_register, row.cfa_offset, &cfa)) {
        return false;
    }
    if (cfa <= state->sp || !load(&m, cfa - 8, &ra) || !caller_bp(&m, &row, cfa, &bp))
        return false;
    *state = (struct mt_frame_state){.pc = ra, .sp = cfa, .bp = bp};
    return true;
}
