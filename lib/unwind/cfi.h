/* SPDX-License-Identifier: MIT */
/*
 * DWARF call frame information (.eh_frame, as in the x86-64 psABI and the LSB core specification,
 * "Exception Frames"), found through glibc's _dl_find_object: no lock, no allocation,
 * async-signal-safe. For aarch64 this file and rule.h are what changes.
 */
#ifndef MT_UNWIND_CFI_H
#define MT_UNWIND_CFI_H

#include "unwind/rule.h"
#include "unwind/stack.h"

/* Where the tables of a module are. Nothing outside of [begin, end), where the module is mapped, is
 * read. */
struct mt_cfi {
    const uint8_t *header; /* .eh_frame_hdr; NULL: there is none */
    uint64_t begin, end;
};

/* The rule for an address, without the module id. pc as in mt_frame_state. */
MT_HIDDEN mt_rule mt_cfi_rule(const struct mt_cfi *cfi, uint64_t pc);

/* Whether a function begins at address. */
MT_HIDDEN bool mt_cfi_begins(const struct mt_cfi *cfi, uint64_t address);

/* One step of MT_RULE_SLOW: the caller's state, computed from the CFI. Of memory only what map says
 * is read, above state->sp. False: the end of what can be followed. */
MT_HIDDEN bool mt_cfi_step(const struct mt_cfi *cfi, struct mt_frame_state *state,
                           struct mt_stack_map *map);

#endif
