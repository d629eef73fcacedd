/* SPDX-License-Identifier: MIT */
/*
 * The clock of the eras. A block carries the number of the era in which it was allocated (mt_era_at
 * in ledger/layout.h). Any recording thread may call these functions.
 */
#ifndef MT_TRACK_ERAS_H
#define MT_TRACK_ERAS_H

#include "base/os.h"

/* Looks at the clock, every MT_ERA_EVENTS allocations, and begins an era when it is time. */
MT_HIDDEN void mt_eras_look(void);

/* ---- for memtrack_clear_traces: see track/clear.c ---- */

/* Begins this era. */
MT_HIDDEN void mt_eras_begin(uint32_t era);
/* Begins the one after the present one, which others may be raising, and returns it. */
MT_HIDDEN uint32_t mt_eras_begin_next(void);
/* By what the epoch is put forward: more than there are peaks while this is done. */
#define MT_CLEAR_EPOCHS (UINT64_C(1) << 32)
/* Does what is to be done once clear_epoch has been put forward, unless it has been done: a clear
 * may have been left. To be called under the lock of growth. */
MT_HIDDEN void mt_eras_complete_clear(void);
/* Returns the era, from 1 to MT_ERAS / 2, with which counting begins anew by the clock. */
MT_HIDDEN uint32_t mt_eras_of_now(void);

#endif
