/* SPDX-License-Identifier: MIT */
/*
 * Reads .eh_frame: binary search in .eh_frame_hdr, the CIE's and the FDE's instructions up to the
 * address, and the row that results, reduced to a rule. Only what decides rsp, rbp and the return
 * address is kept: no caller of malloc needs the other registers to be unwound through.
 *
 * The section is in the program's memory and may say anything: nothing is read outside of the
 * module that it belongs to, no loop is longer than it, and what cannot be true is no rule. The
 * reader is compared with libdw's for every function of whole libraries, and fuzzed
 * (tests/unit/test_cfi_libdw.c, tests/fuzz/fuzz_cfi.c).
 *
 * Rejected: libgcc's unwinder (locks, allocates), libunwind (dependency, cannot be reduced to
 * rules).
 */
#include "unwind/cfi-local.h"

#include <dwarf.h>

enum { MAX_SAVED_ROWS = 8, MAX_INSTRUCTION_BYTES = 1 << 20 };
/* DW_CFA_advance_loc, _offset and _restore have an operand in their lower bits. */
enum { OPCODE = 0xc0, OPERAND = 0x3f };
/* The halves of a DW_EH_PE_* byte. */
enum { FORMAT = 0x0f, RELATIVE_TO = 0x70 };

struct frame_entry {
    struct mt_cfi_cursor cie, fde; /* instructions */
    uint64_t code_align;
    int64_t data_align;
    uint64_t pc_begin;
    uint8_t pointer_encoding;
    bool signal_frame;
};

/* ---- the tables ------------------------------------------------------------------------------ */

static struct mt_cfi_cursor from(const struct mt_cfi *cfi, uint64_t address) {
    bool inside = address >= cfi->begin && address < cfi->end;
    const uint8_t *end = (const uint8_t *)cfi->end;
    return (struct mt_cfi_cursor){inside ? (const uint8_t *)address : end, end, !inside};
}

/* Returns the block of so many bytes that follows. */
static struct mt_cfi_cursor part(struct mt_cfi_cursor *c, uint64_t bytes) {
    if (bytes > (uint64_t)(c->end - c->p))
        mt_cfi_stop(c);
    struct mt_cfi_cursor result = {c->p, c->failed ? c->end : c->p + bytes, c->failed};
    c->p = result.end;
    return result;
}

/* Reads a pointer in an encoding DW_EH_PE_*. */
static uint64_t read_encoded(struct mt_cfi_cursor *c, uint8_t encoding) {
    uint64_t place = (uint64_t)c->p, value;
    switch (encoding & FORMAT) {
    case DW_EH_PE_uleb128:
        value = mt_cfi_uleb(c);
        break;
    case DW_EH_PE_udata2:
        value = mt_cfi_bytes(c, 2);
        break;
    case DW_EH_PE_udata4:
        value = mt_cfi_bytes(c, 4);
        break;
    case DW_EH_PE_sleb128:
        value = (uint64_t)mt_cfi_sleb(c);
        break;
    case DW_EH_PE_sdata2:
        value = (uint64_t)(int64_t)(int16_t)mt_cfi_bytes(c, 2);
        break;
    case DW_EH_PE_sdata4:
        value = (uint64_t)(int64_t)(int32_t)mt_cfi_bytes(c, 4);
        break;
    default:
        value = mt_cfi_bytes(c, 8);
    }
    return (encoding & RELATIVE_TO) == DW_EH_PE_pcrel ? value + place : value;
}

/* Reads a signed number of 4 bytes at p, which need not be aligned. */
static uint64_t relative(const uint8_t *p) {
    int32_t value;
    __builtin_memcpy(&value, p, sizeof value);
    return (uint64_t)(int64_t)value;
}

/* Returns the address of the FDE that the sorted table of .eh_frame_hdr names for pc, or 0. */
static uint64_t search_table(const struct mt_cfi *cfi, uint64_t pc) {
    /* Pairs of 4 bytes relative to the header are what every linker makes. */
    enum { SORTED_PAIRS = DW_EH_PE_datarel | DW_EH_PE_sdata4, PAIR = 8 };
    uint64_t base = (uint64_t)cfi->header;
    struct mt_cfi_cursor c = from(cfi, base);
    uint64_t version = mt_cfi_bytes(&c, 1), frame = mt_cfi_bytes(&c, 1),
             count = mt_cfi_bytes(&c, 1);
    if (version != 1 || mt_cfi_bytes(&c, 1) != SORTED_PAIRS)
        return 0;
    read_encoded(&c, (uint8_t)frame);
    uint64_t n = read_encoded(&c, (uint8_t)count);
    if (c.failed || n == 0 || n > (uint64_t)(c.end - c.p) / PAIR || base + relative(c.p) > pc)
        return 0;
    uint64_t low = 0;
    while (n - low > 1) {
        uint64_t middle = low + (n - low) / 2;
        if (base + relative(c.p + PAIR * middle) <= pc)
            low = middle;
        else
            n = middle;
    }
    return base + relative(c.p + PAIR * low + PAIR / 2);
}

static void read_augmentation(struct mt_cfi_cursor names, struct mt_cfi_cursor data,
                              struct frame_entry *e) {
    for (uint64_t name; (name = mt_cfi_bytes(&names, 1)) != 0;) {
        if (name == 'R')
            e->pointer_encoding = (uint8_t)mt_cfi_bytes(&data, 1);
        else if (name == 'P')
            read_encoded(&data, (uint8_t)mt_cfi_bytes(&data, 1) & (FORMAT | RELATIVE_TO));
        else if (name == 'L')
            mt_cfi_bytes(&data, 1);
        else if (name == 'S')
            e->signal_frame = true;
    }
}

static bool read_cie(struct mt_cfi_cursor c, struct frame_entry *e, bool *has_augmentation) {
    c = part(&c, mt_cfi_bytes(&c, 4));
    mt_cfi_bytes(&c, 4); /* CIE id */
    uint64_t version = mt_cfi_bytes(&c, 1);
    struct mt_cfi_cursor names = c;
    *has_augmentation = mt_cfi_bytes(&names, 1) == 'z';
    while (mt_cfi_bytes(&c, 1) != 0)
        ;
    e->code_align = mt_cfi_uleb(&c);
    e->data_align = mt_cfi_sleb(&c);
    if (version == 1)
        mt_cfi_bytes(&c, 1);
    else
        mt_cfi_uleb(&c);
    if (*has_augmentation)
        read_augmentation(names, part(&c, mt_cfi_uleb(&c)), e);
    e->cie = c;
    return !c.failed;
}

static bool find_entry(const struct mt_cfi *cfi, uint64_t pc, struct frame_entry *e) {
    struct mt_cfi_cursor c = from(cfi, search_table(cfi, pc));
    uint64_t bytes = mt_cfi_bytes(&c, 4);
    if (c.failed || bytes == 0 || bytes >= 0xfffffff0u)
        return false;
    c = part(&c, bytes);
    uint64_t place = (uint64_t)c.p;
    bool has_augmentation;
    if (!read_cie(from(cfi, place - mt_cfi_bytes(&c, 4)), e, &has_augmentation))
        return false;
    e->pc_begin = read_encoded(&c, e->pointer_encoding);
    uint64_t range = read_encoded(&c, e->pointer_encoding & FORMAT);
    if (pc < e->pc_begin || pc - e->pc_begin >= range)
        return false;
    if (has_augmentation)
        part(&c, mt_cfi_uleb(&c));
    e->fde = c;
    return !c.failed;
}

/* ---- the instructions ------------------------------------------------------------------------ */

static void set_register(struct mt_cfi_row *row, uint64_t reg, enum mt_cfi_place place,
                         int64_t offset) {
    if (reg == MT_ARCH_FP) {
        row->bp = place;
        row->bp_offset = offset;
    } else if (reg == MT_ARCH_RA) {
        row->ra = place;
        row->ra_offset = offset;
    }
}

static void restore_register(struct mt_cfi_row *row, uint64_t reg,
                             const struct mt_cfi_row *initial) {
    if (reg == MT_ARCH_FP) {
        row->bp = initial->bp;
        row->bp_offset = initial->bp_offset;
        row->bp_expression = initial->bp_expression;
    } else if (reg == MT_ARCH_RA) {
        row->ra = initial->ra;
        row->ra_offset = initial->ra_offset;
    }
}

static void define_cfa(struct mt_cfi_row *row, uint64_t reg, int64_t offset) {
    row->cfa_register = reg;
    row->cfa_offset = offset;
    row->cfa_expression.p = NULL;
}

/* A product of numbers that the section says may be too large, and then has just any value. */
static int64_t times(int64_t a, int64_t b) {
    return (int64_t)((uint64_t)a * (uint64_t)b);
}

/* Runs a DW_CFA_* with a register. Returns false for another opcode. */
static bool run_register(uint64_t op, struct mt_cfi_cursor *c, struct mt_cfi_row *row,
                         const struct frame_entry *e) {
    bool is_one = op == DW_CFA_offset_extended || op == DW_CFA_offset_extended_sf ||
                  op == DW_CFA_GNU_negative_offset_extended ||
                  (op >= DW_CFA_undefined && op <= DW_CFA_register) || op == DW_CFA_expression ||
                  (op >= DW_CFA_val_offset && op <= DW_CFA_val_expression);
    if (!is_one)
        return false;
    uint64_t reg = mt_cfi_uleb(c);
    switch (op) {
    case DW_CFA_offset_extended:
        set_register(row, reg, MT_CFI_AT_CFA, times((int64_t)mt_cfi_uleb(c), e->data_align));
        break;
    case DW_CFA_offset_extended_sf:
        set_register(row, reg, MT_CFI_AT_CFA, times(mt_cfi_sleb(c), e->data_align));
        break;
    case DW_CFA_GNU_negative_offset_extended:
        set_register(row, reg, MT_CFI_AT_CFA,
                     times(-(int64_t)(mt_cfi_uleb(c) & INT64_MAX), e->data_align));
        break;
    case DW_CFA_undefined:
        set_register(row, reg, MT_CFI_UNDEFINED, 0);
        break;
    case DW_CFA_same_value:
        set_register(row, reg, MT_CFI_SAME, 0);
        break;
    case DW_CFA_expression:
    case DW_CFA_val_expression: {
        struct mt_cfi_cursor expression = part(c, mt_cfi_uleb(c));
        set_register(row, reg, op == DW_CFA_expression ? MT_CFI_AT_EXPRESSION : MT_CFI_LOST, 0);
        if (reg == MT_ARCH_FP)
            row->bp_expression = expression;
        break;
    }
    default: /* register, val_offset, val_offset_sf */
        mt_cfi_uleb(c);
        set_register(row, reg, MT_CFI_LOST, 0);
    }
    return true;
}

/* Runs the DW_CFA_* that define the CFA, and those that say nothing of it or of registers.
 * Returns false for an unknown opcode. */
static bool run_definition(uint64_t op, struct mt_cfi_cursor *c, struct mt_cfi_row *row,
                           const struct frame_entry *e) {
    uint64_t reg;
    if (op == MT_ARCH_CFA_IGNORED)
        return true;
    switch (op) {
    case DW_CFA_def_cfa:
        reg = mt_cfi_uleb(c);
        define_cfa(row, reg, (int64_t)mt_cfi_uleb(c));
        return true;
    case DW_CFA_def_cfa_sf:
        reg = mt_cfi_uleb(c);
        define_cfa(row, reg, times(mt_cfi_sleb(c), e->data_align));
        return true;
    case DW_CFA_def_cfa_register:
        define_cfa(row, mt_cfi_uleb(c), row->cfa_offset);
        return true;
    case DW_CFA_def_cfa_offset:
        row->cfa_offset = (int64_t)mt_cfi_uleb(c);
        return true;
    case DW_CFA_def_cfa_offset_sf:
        row->cfa_offset = times(mt_cfi_sleb(c), e->data_align);
        return true;
    case DW_CFA_def_cfa_expression:
        row->cfa_expression = part(c, mt_cfi_uleb(c));
        return true;
    case DW_CFA_nop:
        return true;
    case DW_CFA_GNU_args_size:
        mt_cfi_uleb(c);
        return true;
    default:
        return run_register(op, c, row, e);
    }
}

/* Runs DW_CFA_advance_loc and its wider forms. Returns the location after it, which other
 * opcodes do not change. */
static bool advance(uint64_t op, struct mt_cfi_cursor *c, const struct frame_entry *e,
                    uint64_t *location) {
    if ((op & OPCODE) == DW_CFA_advance_loc)
        *location += (op & OPERAND) * e->code_align;
    else if (op == DW_CFA_set_loc)
        *location = read_encoded(c, e->pointer_encoding);
    else if (op == DW_CFA_advance_loc1)
        *location += mt_cfi_bytes(c, 1) * e->code_align;
    else if (op == DW_CFA_advance_loc2)
        *location += mt_cfi_bytes(c, 2) * e->code_align;
    else if (op == DW_CFA_advance_loc4)
        *location += mt_cfi_bytes(c, 4) * e->code_align;
    else
        return false;
    return true;
}

/* Runs instructions until they pass pc. Returns false for one that we do not know, or that is
 * not all there. */
static bool run(struct mt_cfi_cursor c, const struct frame_entry *e, uint64_t pc,
                struct mt_cfi_row *row, const struct mt_cfi_row *initial) {
    struct mt_cfi_row saved[MAX_SAVED_ROWS];
    unsigned depth = 0;
    uint64_t location = e->pc_begin;
    if (c.end - c.p > MAX_INSTRUCTION_BYTES)
        return false;
    while (c.p < c.end) {
        uint64_t op = mt_cfi_bytes(&c, 1);
        if (advance(op, &c, e, &location)) {
            if (location > pc)
                break;
        } else if ((op & OPCODE) == DW_CFA_offset) {
            set_register(row, op & OPERAND, MT_CFI_AT_CFA,
                         times((int64_t)mt_cfi_uleb(&c), e->data_align));
        } else if ((op & OPCODE) == DW_CFA_restore) {
            restore_register(row, op & OPERAND, initial);
        } else if (op == DW_CFA_restore_extended) {
            restore_register(row, mt_cfi_uleb(&c), initial);
        } else if (op == DW_CFA_remember_state) {
            if (depth == MAX_SAVED_ROWS)
                return false;
            saved[depth++] = *row;
        } else if (op == DW_CFA_restore_state) {
            if (depth == 0)
                return false;
            *row = saved[--depth];
        } else if (!run_definition(op, &c, row, e)) {
            return false;
        }
    }
    return !c.failed;
}

bool mt_cfi_find_row(const struct mt_cfi *cfi, uint64_t pc, struct mt_cfi_row *row) {
    struct frame_entry e = {.pointer_encoding = 0};
    uint64_t lookup = (pc & MT_PC_EXACT) ? (pc & ~MT_PC_EXACT) : pc - 1;
    if (cfi->header == NULL || !find_entry(cfi, lookup, &e))
        return false;
    *row = (struct mt_cfi_row){.signal_frame = e.signal_frame};
    struct mt_cfi_row initial = *row;
    if (!run(e.cie, &e, ~UINT64_C(0), row, &initial))
        return false;
    initial = *row;
    return run(e.fde, &e, lookup, row, &initial);
}

bool mt_cfi_begins(const struct mt_cfi *cfi, uint64_t address) {
    struct frame_entry e = {.pointer_encoding = 0};
    return cfi->header != NULL && find_entry(cfi, address, &e) && e.pc_begin == address;
}

uint64_t mt_cfi_function(const struct mt_cfi *cfi, uint64_t address) {
    struct frame_entry e = {.pointer_encoding = 0};
    return cfi->header != NULL && find_entry(cfi, address, &e) ? e.pc_begin : address;
}

/* ---- rules ----------------------------------------------------------------------------------- */

static mt_rule encode(enum mt_rule_kind kind, int64_t cfa_offset, int64_t bp_offset) {
    if ((cfa_offset & 7) || (bp_offset & 7) || bp_offset / 8 < INT16_MIN || bp_offset > 0 ||
        cfa_offset / 8 >= 1 << 27 || cfa_offset / 8 < -(1 << 27) ||
        (kind == MT_RULE_SP && (cfa_offset < 8 || -bp_offset > cfa_offset + MT_ARCH_RED_ZONE)) ||
        (kind == MT_RULE_BP && bp_offset == 0))
        return MT_RULE_SLOW;
    return (uint64_t)(cfa_offset / 8) << 36 | (uint64_t)(uint16_t)(bp_offset / 8) << 20 | kind;
}

/* Recognises CFA = *(rbp + n) with rbp saved at [rbp] or at the CFA, which compilers write for a
 * realigned stack. */
static mt_rule realigned(const struct mt_cfi_row *row) {
    struct mt_cfi_cursor c = row->cfa_expression, bp = row->bp_expression;
    if (mt_cfi_bytes(&c, 1) != DW_OP_breg0 + MT_ARCH_FP)
        return MT_RULE_SLOW;
    int64_t offset = mt_cfi_sleb(&c);
    if (mt_cfi_bytes(&c, 1) != DW_OP_deref || c.failed || c.p != c.end)
        return MT_RULE_SLOW;
    if (row->bp == MT_CFI_AT_CFA)
        return encode(MT_RULE_BP_DEREF, offset, row->bp_offset);
    if (row->bp == MT_CFI_AT_EXPRESSION && bp.end - bp.p == 2 &&
        bp.p[0] == DW_OP_breg0 + MT_ARCH_FP && bp.p[1] == 0) {
        mt_rule rule = encode(MT_RULE_BP_DEREF, offset, 0);
        return rule == MT_RULE_SLOW ? rule : rule | 16;
    }
    return MT_RULE_SLOW;
}

/* Whether the function has saved both words of a record; the frame pointer leads to the next. */
static mt_rule by_record(const struct mt_cfi_row *row) {
    if (row->bp != MT_CFI_AT_CFA || row->ra != MT_CFI_AT_CFA ||
        row->ra_offset - row->bp_offset != MT_ARCH_RECORD_BYTES - MT_ARCH_RA_BELOW)
        return MT_RULE_UNKNOWN;
    return encode(MT_RULE_BP, MT_ARCH_RECORD_BYTES, -MT_ARCH_RECORD_BYTES);
}

mt_rule mt_cfi_rule(const struct mt_cfi *cfi, uint64_t pc) {
    struct mt_cfi_row row;
    if (!mt_cfi_find_row(cfi, pc, &row))
        return MT_RULE_NONE;
    if (row.ra == MT_CFI_UNDEFINED)
        return MT_RULE_END;
    if (row.signal_frame)
        return MT_RULE_SIGNAL;
    if (MT_ARCH_FP_BASED)
        return by_record(&row);
    if (row.ra != MT_CFI_AT_CFA || row.ra_offset != -MT_ARCH_RA_BELOW || row.bp == MT_CFI_LOST ||
        row.bp == MT_CFI_UNDEFINED)
        return MT_RULE_UNKNOWN;
    if (row.cfa_expression.p != NULL)
        return realigned(&row);
    if (row.cfa_register != MT_ARCH_SP && row.cfa_register != MT_ARCH_FP)
        return MT_RULE_UNKNOWN;
    if (row.bp == MT_CFI_AT_EXPRESSION || (row.bp == MT_CFI_AT_CFA && row.bp_offset == 0))
        return MT_RULE_SLOW;
    return encode(row.cfa_register == MT_ARCH_SP ? MT_RULE_SP : MT_RULE_BP, row.cfa_offset,
                  row.bp == MT_CFI_AT_CFA ? row.bp_offset : 0);
}
