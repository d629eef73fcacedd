/* SPDX-License-Identifier: MIT */
/*
 * Shared by the two halves of the CFI reader: what a row says, and a cursor that does not leave the
 * bytes it was given. Beyond their end it reads zeros and says that it has failed.
 */
#ifndef MT_UNWIND_CFI_LOCAL_H
#define MT_UNWIND_CFI_LOCAL_H

#include "unwind/cfi.h"

struct mt_cfi_cursor {
    const uint8_t *p, *end;
    bool failed;
};

enum mt_cfi_place {
    MT_CFI_SAME,
    MT_CFI_AT_CFA, /* + offset */
    MT_CFI_AT_EXPRESSION,
    MT_CFI_UNDEFINED,
    MT_CFI_LOST, /* it is somewhere that we do not follow */
};

struct mt_cfi_row {
    uint64_t cfa_register;
    int64_t cfa_offset;
    struct mt_cfi_cursor cfa_expression; /* when p is NULL, this is register + offset */
    enum mt_cfi_place bp, ra;
    int64_t bp_offset, ra_offset;
    struct mt_cfi_cursor bp_expression;
    bool signal_frame;
};

/* Finds the row for pc, as in mt_frame_state. Returns false when there is none, or one that
 * cannot be understood. */
MT_HIDDEN bool mt_cfi_find_row(const struct mt_cfi *cfi, uint64_t pc, struct mt_cfi_row *row);

static inline void mt_cfi_stop(struct mt_cfi_cursor *c) {
    c->p = c->end;
    c->failed = true;
}

/* n: at most 8. */
static inline uint64_t mt_cfi_bytes(struct mt_cfi_cursor *c, unsigned n) {
    uint64_t value = 0;
    if (mt_unlikely((uint64_t)(c->end - c->p) < n)) {
        mt_cfi_stop(c);
        return 0;
    }
    for (unsigned i = 0; i < n;
         i++) /* p is NULL only when end is, and then there are no bytes between */
        value |= (uint64_t)c->p[i] << (8 * i); /* NOLINT(clang-analyzer-core.NullDereference) */
    c->p += n;
    return value;
}

/* Returns the 7 bits of each byte put together, and how many bits those are. */
static inline uint64_t mt_cfi_leb(struct mt_cfi_cursor *c, unsigned *shift, uint8_t *last) {
    uint64_t value = 0;
    *shift = 0;
    do {
        *last = (uint8_t)mt_cfi_bytes(c, 1);
        if (*shift < 64) {
            value |= (uint64_t)(*last & 0x7f) << *shift;
            *shift += 7;
        }
    } while (*last & 0x80);
    return value;
}

static inline uint64_t mt_cfi_uleb(struct mt_cfi_cursor *c) {
    unsigned shift;
    uint8_t last;
    return mt_cfi_leb(c, &shift, &last);
}

static inline int64_t mt_cfi_sleb(struct mt_cfi_cursor *c) {
    unsigned shift;
    uint8_t last;
    uint64_t value = mt_cfi_leb(c, &shift, &last);
    if (shift < 64 && (last & 0x40))
        value |= ~UINT64_C(0) << shift;
    return (int64_t)value;
}

#endif
