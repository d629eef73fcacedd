/* SPDX-License-Identifier: MIT */
/* Hooks: what the program wants called at each begin and end of a scope. See memtrack.h for what it
 * is promised. */
#ifndef MT_TRACK_HOOKS_H
#define MT_TRACK_HOOKS_H

#include "base/atomic.h"
#include "memtrack.h"
#include "track/ground/hook_frame.h"
#include "track/thread/thread.h"

/* Forgets, in a new process, that threads are inside of hooks: there is one thread. */
MT_HIDDEN void mt_hooks_start(void);
/* Gives back what a thread that has ended was inside of. */
MT_HIDDEN void mt_hooks_release(struct mt_thread *t);

/* Return 0 or -MEMTRACK_E..., as memtrack.h promises. Any thread. */
MT_HIDDEN int mt_hooks_add(const memtrack_hook_t *hook);
MT_HIDDEN int mt_hooks_remove(const memtrack_hook_t *hook);

extern MT_HIDDEN uint32_t mt_hooks_n; /* places that may be in use */
/* Tells whether there may be any. Relaxed: a scope that begins while a hook is added may be before
 * it. */
static inline bool mt_hooks_are_any(void) {
    return mt_load_relaxed(&mt_hooks_n) != 0;
}

/* Call the hooks outside of events, on behalf of the caller of the recorder in whose frame this is:
 * for a scope that has begun, and for one that is about to end, if it is open. */
MT_HIDDEN void mt_hooks_begin(memtrack_scope *scope, const struct mt_hook_frame *frame);
MT_HIDDEN void mt_hooks_end(memtrack_scope *scope, const struct mt_hook_frame *frame);

#endif
