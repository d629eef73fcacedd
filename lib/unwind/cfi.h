/* SPDX-License-Identifier: MIT */
/*
 * DWARF call frame information (.eh_frame, as in the x86-64 psABI and the LSB core specification,
 * "Exception Frames"), found through glibc's _dl_find_object: no lock, no allocation,
 * async-signal-safe.
 */
#ifndef MT_UNWIND_CFI_H
#define MT_UNWIND_CFI_H

#include "unwind/rule.h"
#include "unwind/stack.h"

/* This says where the tables of a module are. Nothing outside of [begin, end), where the module
 * is mapped, is read. */
struct mt_cfi {
    const uint8_t *header; /* .eh_frame_hdr; NULL: there is none */
    uint64_t begin, end;
};

/* Returns the rule for an address, without the module id. pc is as in mt_frame_state. */
MT_HIDDEN mt_rule mt_cfi_rule(const struct mt_cfi *cfi, uint64_t pc);

/* Returns whether a function begins at address. */
MT_HIDDEN bool mt_cfi_begins(const struct mt_cfi *cfi, uint64_t address);

/* Returns where the function, or the part of one, begins that address lies in; address itself when
 * the tables do not say. */
MT_HIDDEN uint64_t mt_cfi_function(const struct mt_cfi *cfi, uint64_t address);

/* Takes one step of MT_RULE_SLOW: computes the caller's state from the CFI. Reads only such
 * memory as map says can be read, above state->sp. Returns false at the end of what can be
 * followed. */
MT_HIDDEN bool mt_cfi_step(const struct mt_cfi *cfi, struct mt_frame_state *state,
                           struct mt_stack_map *map);

#endif
