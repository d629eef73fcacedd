/* SPDX-License-Identifier: MIT */
/*
 * Unwind tables of one function, made of given instructions: .eh_frame_hdr with one entry, a CIE
 * and an FDE, as they lie in a module that is mapped at memory. The function has no code: it begins
 * 64 KiB further on.
 */
#ifndef MT_TESTS_CFI_FIXTURE_H
#define MT_TESTS_CFI_FIXTURE_H

#include <string.h>

#include "unwind/cfi.h"

enum {
    CFI_FUNCTION_AT = 1 << 16,
    CFI_FUNCTION_BYTES = 256,
    CFI_HEADER_BYTES = 20,
    CFI_MOST_BYTES = 80
};

static inline void cfi_put(uint8_t **p, uint64_t value, unsigned bytes) {
    memcpy(*p, &value, bytes);
    *p += bytes;
}

/* Writes what is before the instructions, and copies these; returns where to go on. to_cie is 0 for
 * a CIE, else the distance to it. */
static inline uint8_t *cfi_put_entry(uint8_t *p, uint64_t to_cie, uint64_t function,
                                     const uint8_t *code, size_t n, const char *augmentation) {
    uint8_t *length = p, *begin = p + 4;
    p += 4;
    cfi_put(&p, to_cie, 4);
    if (to_cie == 0) {
        cfi_put(&p, 1, 1); /* version */
        strcpy((char *)p, augmentation);
        p += strlen(augmentation) + 1;
        cfi_put(&p, 1, 1);    /* code alignment */
        cfi_put(&p, 0x78, 1); /* data alignment: -8 */
        cfi_put(&p, 16, 1);   /* return address */
        cfi_put(&p, 1, 1);
        cfi_put(&p, 0x1b, 1); /* 'R': relative, 4 bytes */
    } else {
        cfi_put(&p, function - (uint64_t)p, 4);
        cfi_put(&p, CFI_FUNCTION_BYTES, 4);
        cfi_put(&p, 0, 1);
    }
    if (n)
        memcpy(p, code, n);
    p += n;
    cfi_put(&length, (uint64_t)(p - begin), 4);
    return p;
}

/* Builds a module in memory, which has room for CFI_MOST_BYTES and the instructions, and returns
 * it. */
static inline struct mt_cfi cfi_build(uint8_t *memory, const uint8_t *cie, size_t n_cie,
                                      const uint8_t *fde, size_t n_fde, const char *augmentation) {
    uint64_t base = (uint64_t)memory, function = base + CFI_FUNCTION_AT;
    uint8_t *p = memory;
    cfi_put(&p, 0x3b031b01, 4);
    cfi_put(&p, CFI_HEADER_BYTES - 4, 4); /* .eh_frame */
    cfi_put(&p, 1, 4);
    cfi_put(&p, CFI_FUNCTION_AT, 4);
    uint8_t *where = p, *first = memory + CFI_HEADER_BYTES;
    uint8_t *second = cfi_put_entry(first, 0, 0, cie, n_cie, augmentation);
    cfi_put(&where, (uint64_t)(second - memory), 4);
    p = cfi_put_entry(second, (uint64_t)(second + 4 - first), function, fde, n_fde, augmentation);
    return (struct mt_cfi){.header = memory, .begin = base, .end = (uint64_t)p};
}

/* What gcc writes at the beginning of every CIE: CFA = rsp + 8, the return address right below. */
static const uint8_t cfi_usual_cie[] = {0x0c, 7, 8, 0x90, 1};

#endif
