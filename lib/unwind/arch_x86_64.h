/* SPDX-License-Identifier: MIT */
/*
 * x86-64 (System V psABI, 3.2 and 3.6.2). A call pushes the return address, so it lies right below
 * the CFA, and the CFA is the caller's stack pointer after the return. rbp is a general register in
 * most code: CFI says where the frames are.
 */
#ifndef MT_UNWIND_ARCH_X86_64_H
#define MT_UNWIND_ARCH_X86_64_H

#include <stdbool.h>
#include <stdint.h>

enum { MT_ARCH_FP = 6 /* rbp */, MT_ARCH_SP = 7 /* rsp */, MT_ARCH_RA = 16 };
enum { MT_ARCH_FP_BASED = 0, MT_ARCH_RA_BELOW = 8, MT_ARCH_RECORD_BYTES = 16 };
enum { MT_ARCH_RED_ZONE = 128, MT_ARCH_CFA_IGNORED = 0 /* DW_CFA_nop */ };
#define MT_ARCH_END_OF_USER (UINT64_C(1) << 47)

/* struct rt_sigframe: the handler's return pops the first word, and then rsp points at the
 * ucontext. */
enum {
    MT_ARCH_SIGNAL_FP = 120,
    MT_ARCH_SIGNAL_SP = 160,
    MT_ARCH_SIGNAL_PC = 168,
    MT_ARCH_SIGNAL_BYTES = MT_ARCH_SIGNAL_PC + 8
};
/* <ucontext.h> has the same under these names; walk.c compares them. */
#define MT_ARCH_UCONTEXT_AT 0
#define MT_ARCH_UCONTEXT_FP uc_mcontext.gregs[REG_RBP]
#define MT_ARCH_UCONTEXT_SP uc_mcontext.gregs[REG_RSP]
#define MT_ARCH_UCONTEXT_PC uc_mcontext.gregs[REG_RIP]

static inline uint64_t mt_arch_code(uint64_t word) {
    return word;
}

/* Longer than the longest epilogue that is understood: add or lea, a pop of each register, ret. */
enum { MT_ARCH_EPILOGUE_BYTES = 32 };

/* Reads "add rsp, N" and pops of single registers. Returns the bytes that they take, or 0. */
static inline uint32_t mt_arch_epilogue_part(const uint8_t *at, struct mt_arch_epilogue *e) {
    if (at[0] == 0x48 && at[1] == 0x83 && at[2] == 0xc4 && at[3] < 0x80) {
        e->bytes += at[3];
        return 4;
    }
    if (at[0] == 0x48 && at[1] == 0x81 && at[2] == 0xc4 && at[6] == 0) {
        e->bytes += (uint32_t)at[3] | (uint32_t)at[4] << 8 | (uint32_t)at[5] << 16;
        return 7;
    }
    if (at[0] == 0x41 && (at[1] & 0xf8) == 0x58) { /* r8 to r15 */
        e->bytes += 8;
        return 2;
    }
    if ((at[0] & 0xf8) == 0x58 && at[0] != 0x5c) {
        if (at[0] == 0x5d) {
            e->bp_at = e->bytes;
            e->has_bp = true;
        }
        e->bytes += 8;
        return 1;
    }
    return 0;
}

/*
 * What executes from here on is known when nothing but an epilogue follows: no jump, no call.
 * code has MT_ARCH_EPILOGUE_BYTES. Returns whether it is one.
 */
static inline bool mt_arch_epilogue(const uint8_t *code, struct mt_arch_epilogue *e) {
    *e = (struct mt_arch_epilogue){0};
    if (code[0] == 0xc9 && code[1] == 0xc3) { /* leave */
        e->by_bp = true;
        return true;
    }
    for (uint32_t at = 0; at < MT_ARCH_EPILOGUE_BYTES - 8;) {
        if (code[at] == 0xc3 || (code[at] == 0xf3 && code[at + 1] == 0xc3))
            return true;
        uint32_t bytes = mt_arch_epilogue_part(code + at, e);
        if (bytes == 0)
            return false;
        at += bytes;
    }
    return false;
}

#endif
