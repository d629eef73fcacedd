/* SPDX-License-Identifier: MIT */
/*
 * The target's loaded objects, noticed when a call path first leads through them and written to the
 * ledger once. An id names one object at one address for ever: what is loaded there later gets
 * another id, so that old frames keep their names.
 */
#ifndef MT_TRACK_MODULES_H
#define MT_TRACK_MODULES_H

#include "track/ground/hook_frame.h"
#include "unwind/rules.h"

/* Writes the known modules to a new ledger, with the ids that they have. Returns false when there
 * is no memory. */
MT_HIDDEN bool mt_modules_start(void);

/* Is a mt_module_finder. */
MT_HIDDEN uint32_t mt_modules_find(uint64_t address, struct mt_cfi *cfi);

/* Notes that all objects that came with the program are there: those that come later can be
 * unloaded. To be called once, before main. */
MT_HIDDEN void mt_modules_note_start(void);

/*
 * To be called around a dlclose. As soon as the loader has let go of code, other code can be loaded
 * at its address and called, before anybody here can know. So nothing that is remembered of code
 * that can be unloaded is used between the two; the second notices what has gone. Must not be
 * called with a lock held.
 */
MT_HIDDEN void mt_modules_begin_unloading(const struct mt_hook_frame *frame);
MT_HIDDEN void mt_modules_end_unloading(const struct mt_hook_frame *frame);

/* Looks, in an event that was entered at frame, whether a dlclose is over for good although
 * mt_modules_end_unloading was not called (unloading.h). */
MT_HIDDEN void mt_modules_look_at_unloading(const struct mt_hook_frame *frame);

#ifdef MEMTRACK_CHECKS
/* See track/check.h. */
MT_HIDDEN const char *mt_modules_check(void);
#endif

#endif
