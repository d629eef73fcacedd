/* SPDX-License-Identifier: MIT */
/*
 * x86-64 (System V psABI, 3.2 and 3.6.2). A call pushes the return address, so it lies right below
 * the CFA, and the CFA is the caller's stack pointer after the return. rbp is a general register in
 * most code: CFI says where the frames are.
 */
#ifndef MT_UNWIND_ARCH_X86_64_H
#define MT_UNWIND_ARCH_X86_64_H

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

#endif
