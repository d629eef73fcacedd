/* SPDX-License-Identifier: MIT */
/*
 * aarch64 (AAPCS64, 6.4.6 "The Frame Pointer"; Linux, arch/arm64/kernel/signal.c). The return
 * address is in x30, and a function that calls others saves it beside x29, wherever in its frame it
 * likes: x29 points at this record of two words, and the records are chained.
 *
 *   x29 ─►│ caller's x29 │ x30, the return address │ …
 *
 * So a step reads the record at x29, and what is called CFA in a rule is the record's end. CFI is
 * asked whether the function has such a record at all, and for ends and signal frames. Code that is
 * compiled without frame pointers passes x29 on, and its own frame is left out. A function that was
 * interrupted before it has made its record, or has none, has its caller in x30: that one frame is
 * left out, too.
 *
 * This file is compiled, and has not run on a machine yet.
 */
#ifndef MT_UNWIND_ARCH_AARCH64_H
#define MT_UNWIND_ARCH_AARCH64_H

#include <stdbool.h>
#include <stdint.h>

enum { MT_ARCH_FP = 29, MT_ARCH_SP = 31, MT_ARCH_RA = 30 };
enum { MT_ARCH_FP_BASED = 1, MT_ARCH_RA_BELOW = 8, MT_ARCH_RECORD_BYTES = 16 };
enum { MT_ARCH_RED_ZONE = 0, MT_ARCH_CFA_IGNORED = 0x2d /* x30 is signed from here on, or not */ };
#define MT_ARCH_END_OF_USER (UINT64_C(1) << 52)

/* struct rt_sigframe: sp points at it while the kernel's trampoline runs: the siginfo, then the
 * ucontext. */
enum {
    MT_ARCH_SIGNAL_FP = 544,
    MT_ARCH_SIGNAL_SP = 560,
    MT_ARCH_SIGNAL_PC = 568,
    MT_ARCH_SIGNAL_BYTES = MT_ARCH_SIGNAL_PC + 8
};
/* <ucontext.h> has the same under these names; walk.c compares them. */
#define MT_ARCH_UCONTEXT_AT sizeof(siginfo_t)
#define MT_ARCH_UCONTEXT_FP uc_mcontext.regs[29]
#define MT_ARCH_UCONTEXT_SP uc_mcontext.sp
#define MT_ARCH_UCONTEXT_PC uc_mcontext.pc

/* Removes the signature of pointer authentication, which is in bits that no address has. (hint 7 is
 * xpaclri, which older processors take for no operation.) */
static inline uint64_t mt_arch_code(uint64_t word) {
    register uint64_t x30 __asm__("x30") = word;
    __asm__("hint 7" : "+r"(x30));
    return x30;
}

/* Generated code keeps frame records here, as all code does. */
enum { MT_ARCH_EPILOGUE_BYTES = 4 };
static inline bool mt_arch_epilogue(const uint8_t *code, struct mt_arch_epilogue *e) {
    (void)code;
    (void)e;
    return false;
}

#endif
