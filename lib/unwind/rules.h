/* SPDX-License-Identifier: MIT */
/*
 * All unwind rules seen so far, by address. Any thread, any context, callable inside malloc:
 * look-ups take no lock; an insertion that finds the lock taken does without.
 */
#ifndef MT_UNWIND_RULES_H
#define MT_UNWIND_RULES_H

#include "unwind/cfi.h"

/*
 * This is who knows the modules. For an address (of an instruction, not one after a call) it
 * returns the module id, 0 for none, and where the module's unwind tables are. MT_MODULE_LOADER is
 * added for the dynamic loader: its entry code has no CFI, and is the end of the stack.
 * MT_MODULE_STAYS is added for what is never unloaded. Any context.
 */
enum { MT_MODULE_ID = 0x7fff, MT_MODULE_LOADER = 0x8000, MT_MODULE_STAYS = 0x10000 };
typedef uint32_t (*mt_module_finder)(uint64_t address, struct mt_cfi *cfi);

MT_HIDDEN void mt_rules_init(mt_module_finder finder);

/* Returns the rule for pc (as in mt_frame_state), with the module id. *stays: the rule holds as
 * long as the process lives. */
MT_HIDDEN mt_rule mt_rules_look_up(uint64_t pc, bool *stays);

/* Returns the same if pc has been met before. Nothing is computed or remembered, and no lock is
 * taken. */
MT_HIDDEN bool mt_rules_peek(uint64_t pc, mt_rule *rule);

/* Computes the same anew, without the cache. */
MT_HIDDEN mt_rule mt_rules_compute(uint64_t pc);

/* Forgets what does not stay, because code has come or gone. Other threads may be inside
 * mt_rules_look_up. */
MT_HIDDEN void mt_rules_forget(void);
/* Forgets what was said to stay, because it has gone all the same. */
MT_HIDDEN void mt_rules_forget_all(void);

/* These two go around the unloading of code. In between, what does not stay is computed anew
 * each time. They may nest, in one thread and in several. */
MT_HIDDEN void mt_rules_begin_unloading(void);
MT_HIDDEN void mt_rules_end_unloading(void);
MT_HIDDEN bool mt_rules_are_unloading(void);

/* Returns whether the tables are whole, for the tests. No other thread may be inside of this
 * file. */
MT_HIDDEN bool mt_rules_check(void);

static inline mt_rule mt_rules_find(uint64_t pc) {
    bool stays;
    return mt_rules_look_up(pc, &stays);
}

/* Calls mt_cfi_step with the tables of the right module. */
MT_HIDDEN bool mt_rules_slow_step(struct mt_frame_state *state, struct mt_stack_map *map);

#endif
