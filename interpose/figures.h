/* SPDX-License-Identifier: MIT */
#ifndef MT_INTERPOSE_FIGURES_H
#define MT_INTERPOSE_FIGURES_H

#include "track/record.h"

/*
 * Has the allocator asked for its own figures, in a copy of this process, and writes them, or the
 * reason why there are none, into the ledger's header. Waits for the copy, for two seconds at most
 * (and a fifth of a second more when it has to kill it). The ledger must be there. To be called at
 * a normal exit, outside of events, by the hook (or destructor) with this frame.
 */
MT_HIDDEN void mt_figures_take(const struct mt_hook_frame *frame);

#endif
