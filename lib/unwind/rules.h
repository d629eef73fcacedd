/* SPDX-License-Identifier: MIT */
/*
 * All unwind rules seen so far, by address. Any thread, any context, callable inside malloc: look-ups take no lock;
 * an insertion that finds the lock taken does without.
 */
#ifndef MT_UNWIND_RULES_H
#define MT_UNWIND_RULES_H

#include "unwind/rule.h"
#include "unwind/stack.h"

/*
 * Who knows the modules: for an address (of an instruction, not one after a call) returns the module id, 0 for none,
 * and stores the module's .eh_frame_hdr (NULL: it has none). MT_MODULE_LOADER is added for the dynamic loader: its entry code
 * has no CFI, and what lies there is the end of the stack. Any context.
 */
enum { MT_MODULE_LOADER = 0x8000 };
typedef uint32_t (*mt_module_finder)(uint64_t address, const uint8_t **eh_frame_header);

MT_HIDDEN void mt_rules_init(mt_module_finder finder);

/* The rule for pc (as in mt_frame_state), module id included. */
MT_HIDDEN mt_rule mt_rules_find(uint64_t pc);

/* The same computed anew, without the cache. */
MT_HIDDEN mt_rule mt_rules_compute(uint64_t pc);

/* Forget everything: modules have gone. Other threads may be inside mt_rules_find. */
MT_HIDDEN void mt_rules_forget(void);

/* mt_cfi_step in the right module. */
MT_HIDDEN bool mt_rules_slow_step(struct mt_frame_state *state, struct mt_stack_map *map);

#endif
