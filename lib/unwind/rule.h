/* SPDX-License-Identifier: MIT */
/*
 * An unwind rule: what a whole CFI program says about one address, in 8 bytes.
 *
 *   63          36 35        20 19        5  4   3..0
 *   ┌─────────────┬────────────┬───────────┬───┬──────┐
 *   │ CFA offset  │ rbp offset │ module id │ B │ kind │
 *   └─────────────┴────────────┴───────────┴───┴──────┘
 *
 * Offsets are signed and count 8-byte words. rbp offset 0: rbp passes through unchanged. B: rbp was
 * saved at [rbp] (realigned frames).
 *
 * In words of x86-64, where rbp is the frame pointer (arch.h). Return address at CFA - 8, stack
 * pointer of the caller = CFA. MT_RULE_SP and MT_RULE_BP read nothing outside of the frame and its
 * red zone, where an rbp that has been popped still lies: SP's offset is at least 8 and rbp lies in
 * [rsp - 128, CFA); BP always has an rbp offset below 0, since a frame that has made rbp its own has
 * saved the caller's. What does not fit (expressions other than the common one, registers other
 * than rsp and rbp) is MT_RULE_SLOW and evaluated from the CFI each time.
 */
#ifndef MT_UNWIND_RULE_H
#define MT_UNWIND_RULE_H

#include "base/os.h"
#include "unwind/arch.h"

typedef uint64_t mt_rule;

enum mt_rule_kind {
    MT_RULE_NONE,     /* no CFI: JIT code, hand-written assembly */
    MT_RULE_SP,       /* CFA = rsp + offset */
    MT_RULE_BP,       /* CFA = rbp + offset */
    MT_RULE_BP_DEREF, /* CFA = *(rbp + offset): realigned stack */
    MT_RULE_SIGNAL,   /* the kernel's signal frame */
    MT_RULE_SLOW,     /* see mt_cfi_step */
    MT_RULE_END,      /* outermost frame */
    MT_RULE_UNKNOWN,  /* CFI that cannot be followed */
};

/* This is where a thread stands after returning to pc. pc carries MT_PC_EXACT when it is the
 * interrupted instruction itself and not a return address. */
struct mt_frame_state {
    uint64_t pc, sp, bp;
};
#define MT_PC_EXACT (UINT64_C(1) << 63)

static inline enum mt_rule_kind mt_rule_kind_of(mt_rule rule) {
    return (enum mt_rule_kind)(rule & 15);
}
static inline int64_t mt_rule_cfa_offset(mt_rule rule) {
    return ((int64_t)rule >> 36) * 8;
}
static inline int64_t mt_rule_bp_offset(mt_rule rule) {
    return (int64_t)(int16_t)(uint16_t)(rule >> 20) * 8;
}
static inline uint32_t mt_rule_module(mt_rule rule) {
    return (uint32_t)(rule >> 5) & 0x7fff;
}
static inline bool mt_rule_bp_at_bp(mt_rule rule) {
    return (rule & 16) != 0;
}

/* Does the caller's state depend on this frame's rbp for more than passing it on? */
static inline bool mt_rule_uses_bp(mt_rule rule) {
    enum mt_rule_kind kind = mt_rule_kind_of(rule);
    return kind == MT_RULE_BP || kind == MT_RULE_BP_DEREF || kind == MT_RULE_SLOW ||
           kind == MT_RULE_NONE;
}
/* Does the caller's rbp come from memory? */
static inline bool mt_rule_reloads_bp(mt_rule rule) {
    return mt_rule_bp_offset(rule) != 0 || mt_rule_bp_at_bp(rule) ||
           mt_rule_kind_of(rule) == MT_RULE_SIGNAL;
}

#endif
