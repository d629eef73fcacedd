/* SPDX-License-Identifier: MIT */
/*
 * What an architecture and its Linux ABI decide about a walk. A port is another file of this shape:
 *
 *   MT_ARCH_FP, _SP, _RA       DWARF numbers of the frame pointer, the stack pointer, the return
 *                              address
 *   MT_ARCH_FP_BASED           frames are followed by their records, which the frame pointer
 *                              chains, and CFI says whether there is one; else by CFI
 *   MT_ARCH_RA_BELOW           so many bytes below the CFA the return address lies; with records,
 *                              below the end of the record
 *   MT_ARCH_RECORD_BYTES       of a frame record: the caller's frame pointer, the return address
 *   MT_ARCH_RED_ZONE           bytes below the stack pointer that a function may use
 *   MT_ARCH_CFA_IGNORED        an operation of CFI that says nothing of where things are
 *   MT_ARCH_END_OF_USER        where the kernel's addresses begin
 *   MT_ARCH_SIGNAL_*           from where the stack pointer is after the handler has returned, to
 *                              the registers of what was interrupted; _BYTES: to their end
 *   mt_arch_code(word)         the code address in a return address as it lies in memory
 *   mt_arch_epilogue(code, e)  where the return address is when the code that follows is the end of
 *                              a function; false where that is not read
 *
 * In all of the walk a state's sp is the end of what holds its return address, so that this lies at
 * sp - MT_ARCH_RA_BELOW. On x86-64 that is the stack pointer after the return.
 */
#ifndef MT_UNWIND_ARCH_H
#define MT_UNWIND_ARCH_H

#include <stdbool.h>
#include <stdint.h>

struct mt_arch_epilogue {
    uint32_t bytes; /* from the stack pointer to the return address */
    uint32_t bp_at; /* from the stack pointer to the caller's frame pointer, when it has_bp */
    bool has_bp;
    bool by_bp; /* both are where the frame pointer points to, instead */
};

#if defined(__x86_64__)
#include "unwind/arch_x86_64.h"
#elif defined(__aarch64__)
#include "unwind/arch_aarch64.h"
#else
#error "memtrack: describe the stacks of this architecture in a file like unwind/arch_x86_64.h"
#endif

#endif
