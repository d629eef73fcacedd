/* SPDX-License-Identifier: MIT */
/*
 * Only lengths, and what leads elsewhere: no names, no operands. One byte of a table says for each
 * opcode whether a ModRM byte follows and how many bytes of constant:
 *
 *   prefixes  [REX | VEX | EVEX]  opcode  [ModRM [SIB] [displacement]]  [constant]
 *
 * The tables are those of the opcode maps in Intel's manual, volume 2, appendix A; the maps behind
 * VEX and EVEX have the same ones. 3DNow! and XOP, which no compiler makes by itself, are not known.
 *
 * Rejected: a disassembler's library. The smallest is twenty times the code, and what the figures
 * are must not depend on whether it is there. oracle/test_instructions compares all of the C and C++
 * libraries' with objdump's.
 */
#include "view/flow/instruction.h"

enum { MOST_BYTES = 15 };

/* What follows an opcode. */
enum {
    NONE = 0,
    MODRM = 1,
    BYTE = 2,      /* a constant of one byte */
    WORD = 4,      /* of two */
    FOUR = 8,      /* of four, or two behind the prefix 66 */
    WIDE = 16,     /* likewise, or eight with REX.W */
    PLACE = 32,    /* an address of eight bytes */
    RELATIVE = 64, /* of four, whatever the prefixes */
    BAD = 128,
};

#define M MODRM
#define B BYTE
#define F FOUR
#define X BAD
static const uint8_t first_map[256] = {
    /* clang-format off */
    /* 00 */ M, M, M, M, B, F, X, X, M, M, M, M, B, F, X, X,
    /* 10 */ M, M, M, M, B, F, X, X, M, M, M, M, B, F, X, X,
    /* 20 */ M, M, M, M, B, F, X, X, M, M, M, M, B, F, X, X,
    /* 30 */ M, M, M, M, B, F, X, X, M, M, M, M, B, F, X, X,
    /* 40 */ X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
    /* 50 */ 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    /* 60 */ X, X, X, M, X, X, X, X, F, M | F, B, M | B, 0, 0, 0, 0,
    /* 70 */ B, B, B, B, B, B, B, B, B, B, B, B, B, B, B, B,
    /* 80 */ M | B, M | F, X, M | B, M, M, M, M, M, M, M, M, M, M, M, M,
    /* 90 */ 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, X, 0, 0, 0, 0, 0,
    /* a0 */ PLACE, PLACE, PLACE, PLACE, 0, 0, 0, 0, B, F, 0, 0, 0, 0, 0, 0,
    /* b0 */ B, B, B, B, B, B, B, B, WIDE, WIDE, WIDE, WIDE, WIDE, WIDE, WIDE, WIDE,
    /* c0 */ M | B, M | B, WORD, 0, X, X, M | B, M | F, WORD | B, 0, WORD, 0, 0, B, X, 0,
    /* d0 */ M, M, M, M, X, X, X, 0, M, M, M, M, M, M, M, M,
    /* e0 */ B, B, B, B, B, B, B, B, RELATIVE, RELATIVE, X, B, 0, 0, 0, 0,
    /* f0 */ X, 0, X, X, 0, 0, M, M, 0, 0, 0, 0, 0, 0, M, M,
    /* clang-format on */
};
#undef F
#undef X

static bool is_within(uint8_t opcode, uint8_t first, uint8_t last) {
    return opcode >= first && opcode <= last;
}

/* Of the map behind 0F, which those of VEX and EVEX agree with as far as they go. */
static unsigned second_map(uint8_t opcode, bool is_vex) {
    if (is_within(opcode, 0x70, 0x73) || opcode == 0xa4 || opcode == 0xac || opcode == 0xba ||
        opcode == 0xc2 || is_within(opcode, 0xc4, 0xc6))
        return M | B;
    if (opcode == 0x77)
        return NONE;
    if (is_vex)
        return M;
    if (is_within(opcode, 0x80, 0x8f))
        return RELATIVE;
    if (opcode == 0x04 || opcode == 0x0a || opcode == 0x0c || opcode == 0x0f ||
        is_within(opcode, 0x24, 0x27) || opcode == 0x36 || opcode == 0x39 ||
        is_within(opcode, 0x3b, 0x3f))
        return BAD;
    bool is_alone = is_within(opcode, 0x05, 0x09) || opcode == 0x0b || opcode == 0x0e ||
                    is_within(opcode, 0x30, 0x37) || is_within(opcode, 0xa0, 0xa2) ||
                    is_within(opcode, 0xa8, 0xaa) || is_within(opcode, 0xc8, 0xcf);
    return is_alone ? NONE : M;
}
#undef M
#undef B

/* An instruction while it is read. */
struct reading {
    const uint8_t *code;
    size_t n, at;
    bool is_narrow, is_wide; /* behind the prefix 66; with REX.W */
    bool is_vex;
    uint8_t rex, map, opcode, modrm;
    bool has_modrm, has_base, is_ip_relative;
    int64_t displacement, constant;
    bool has_displacement;
};

static uint8_t next_byte(struct reading *r) {
    if (r->at < r->n)
        return r->code[r->at++];
    r->at = r->n + 1;
    return 0;
}

static bool has_ended(const struct reading *r) {
    return r->at > r->n;
}

/* Takes a number of so many bytes, with its sign. */
static int64_t take(struct reading *r, unsigned bytes) {
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes; i++)
        value |= (uint64_t)next_byte(r) << (8 * i);
    unsigned spare = 64 - 8 * bytes;
    return bytes == 0 || bytes == 8 ? (int64_t)value : (int64_t)(value << spare) >> spare;
}

static bool is_prefix(uint8_t byte) {
    return byte == 0x66 || byte == 0x67 || byte == 0xf2 || byte == 0xf3 || byte == 0xf0 ||
           byte == 0x2e || byte == 0x36 || byte == 0x3e || byte == 0x26 || byte == 0x64 ||
           byte == 0x65;
}

/* Reads what stands before the opcode, and the opcode. */
static void read_opcode(struct reading *r) {
    uint8_t byte = next_byte(r);
    for (; is_prefix(byte); byte = next_byte(r))
        r->is_narrow |= byte == 0x66;
    for (; (byte & 0xf0) == 0x40; byte = next_byte(r))
        r->rex = byte;
    r->is_wide = (r->rex & 8) != 0;
    r->map = 0;
    if (byte == 0x0f) {
        r->map = 1;
        byte = next_byte(r);
        if (byte == 0x38 || byte == 0x3a) {
            r->map = byte == 0x38 ? 2 : 3;
            byte = next_byte(r);
        }
    } else if (byte == 0xc5 || byte == 0xc4 || byte == 0x62) {
        uint8_t second = next_byte(r);
        r->is_vex = true;
        r->map = byte == 0xc5 ? 1 : byte == 0xc4 ? second & 0x1f : second & 7;
        for (int more = byte == 0xc5 ? 0 : byte == 0xc4 ? 1 : 2; more > 0; more--)
            next_byte(r);
        byte = next_byte(r);
    }
    r->opcode = byte;
}

static unsigned what_follows(const struct reading *r) {
    switch (r->map) {
    case 0:
        return r->is_vex ? BAD : first_map[r->opcode];
    case 1:
        return second_map(r->opcode, r->is_vex);
    case 2:
        return MODRM;
    case 3:
        return MODRM | BYTE;
    default: /* half precision, behind EVEX */
        return r->is_vex && (r->map == 5 || r->map == 6) ? MODRM : BAD;
    }
}

static void read_modrm(struct reading *r) {
    r->modrm = next_byte(r);
    r->has_modrm = true;
    uint8_t mode = r->modrm >> 6, base = r->modrm & 7;
    if (mode == 3)
        return;
    r->has_base = true;
    if (base == 4) {
        uint8_t sib = next_byte(r);
        r->has_base = mode != 0 || (sib & 7) != 5;
    } else if (base == 5 && mode == 0) {
        r->is_ip_relative = true;
        r->has_base = false;
    }
    unsigned bytes = mode == 1 ? 1 : mode == 2 || !r->has_base ? 4 : 0;
    r->has_displacement = bytes != 0;
    r->displacement = take(r, bytes);
}

/* The group of F6 and F7 has a constant in two of its eight members. */
static unsigned constant_of(const struct reading *r, unsigned follows) {
    bool is_test =
        r->map == 0 && (r->opcode == 0xf6 || r->opcode == 0xf7) && (r->modrm & 0x30) == 0;
    return !is_test ? follows : r->opcode == 0xf6 ? BYTE : FOUR;
}

static void read_constant(struct reading *r, unsigned follows) {
    unsigned four = r->is_narrow && !r->is_wide ? 2 : 4, bytes = 0;
    bytes += follows & BYTE ? 1 : 0;
    bytes += follows & WORD ? 2 : 0;
    bytes += follows & FOUR ? four : 0;
    bytes += follows & WIDE ? (r->is_wide ? 8 : four) : 0;
    bytes += follows & PLACE ? 8 : 0;
    bytes += follows & RELATIVE ? 4 : 0;
    r->constant = bytes <= 8 ? take(r, bytes) : 0;
}

/* ---- what it does ---------------------------------------------------------------------------- */

static enum mt_instruction_kind kind_of_group_ff(const struct reading *r) {
    switch (r->modrm >> 3 & 7) {
    case 2:
    case 3:
        return MT_INSTRUCTION_CALL_AT;
    case 4:
    case 5:
        return MT_INSTRUCTION_JUMP_AT;
    default:
        return MT_INSTRUCTION_PLAIN;
    }
}

static enum mt_instruction_kind kind_of_first(const struct reading *r) {
    switch (r->opcode) {
    case 0xe8:
        return MT_INSTRUCTION_CALL;
    case 0xe9:
    case 0xeb:
        return MT_INSTRUCTION_JUMP;
    case 0xc2:
    case 0xc3:
    case 0xca:
    case 0xcb:
    case 0xcf:
    case 0xf4:
        return MT_INSTRUCTION_END;
    case 0xc7: /* xbegin, whose transaction may be aborted */
        return r->modrm == 0xf8 ? MT_INSTRUCTION_BRANCH : MT_INSTRUCTION_PLAIN;
    case 0xff:
        return kind_of_group_ff(r);
    default:
        return is_within(r->opcode, 0x70, 0x7f) || is_within(r->opcode, 0xe0, 0xe3)
                   ? MT_INSTRUCTION_BRANCH
                   : MT_INSTRUCTION_PLAIN;
    }
}

static enum mt_instruction_kind kind_of(const struct reading *r) {
    if (r->map == 0)
        return kind_of_first(r);
    if (r->map == 1 && !r->is_vex && is_within(r->opcode, 0x80, 0x8f))
        return MT_INSTRUCTION_BRANCH;
    return r->map == 1 && !r->is_vex && r->opcode == 0x0b ? MT_INSTRUCTION_END
                                                          : MT_INSTRUCTION_PLAIN;
}

/* To rdi or edi: lea from the instruction pointer, mov from there (of a table of addresses), mov or
 * add of a constant. */
static bool sets_argument(const struct reading *r) {
    if (r->map != 0 || (r->rex & 7) != 0)
        return false;
    if (r->opcode == 0xbf)
        return true;
    if (r->opcode == 0xc7)
        return r->modrm == 0xc7;
    if (r->opcode == 0x81 || r->opcode == 0x83)
        return r->modrm == 0xc7 && r->is_wide;
    return (r->opcode == 0x8d || r->opcode == 0x8b) && r->is_ip_relative &&
           (r->modrm >> 3 & 7) == 7;
}

bool mt_instruction_decode(const uint8_t *code, size_t n, uint64_t address,
                           struct mt_instruction *out) {
    struct reading r = {.code = code, .n = n < MOST_BYTES ? n : MOST_BYTES};
    read_opcode(&r);
    unsigned follows = has_ended(&r) ? BAD : what_follows(&r);
    if (follows & BAD)
        return false;
    if (follows & MODRM)
        read_modrm(&r);
    read_constant(&r, constant_of(&r, follows) | (follows & ~(unsigned)MODRM));
    if (has_ended(&r))
        return false;
    uint64_t end = address + r.at;
    *out = (struct mt_instruction){.kind = kind_of(&r), .bytes = (uint8_t)r.at};
    if (out->kind == MT_INSTRUCTION_CALL || out->kind == MT_INSTRUCTION_JUMP ||
        out->kind == MT_INSTRUCTION_BRANCH)
        out->target = end + (uint64_t)r.constant;
    if (r.is_ip_relative)
        out->memory = end + (uint64_t)r.displacement;
    else if (r.has_displacement && !r.has_base)
        out->memory = (uint64_t)r.displacement;
    out->sets_argument = sets_argument(&r);
    return true;
}
