/* SPDX-License-Identifier: MIT */
/*
 * The clock of the eras: the number that each block carries of when it was allocated (mt_era_at in
 * ledger/layout.h). Any recording thread.
 */
#ifndef MT_TRACK_ERAS_H
#define MT_TRACK_ERAS_H

#include "base/os.h"

/* Look at the clock, every MT_ERA_EVENTS allocations: perhaps it is another era. */
MT_HIDDEN void mt_eras_look(void);

/* ---- for memtrack_clear_traces: see track/clear.c ---- */

/* It is this era from now on. */
MT_HIDDEN void mt_eras_begin(uint32_t era);
/* It is the one after the present one, which others may be raising; returns it. */
MT_HIDDEN uint32_t mt_eras_begin_next(void);
/* What the clock says, when counting begins anew: 1 to MT_ERAS / 2. */
MT_HIDDEN uint32_t mt_eras_of_now(void);

#endif
