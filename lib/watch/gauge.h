/* SPDX-License-Identifier: MIT */
/* The figures of a process at one tick: what who watches it hands to who judges it. */
#ifndef MT_WATCH_GAUGE_H
#define MT_WATCH_GAUGE_H

#include <stdbool.h>
#include <stdint.h>

#include "ledger/ledger.h"
#include "profile/profile.h"

struct mt_gauge {
    uint64_t time_ns; /* since the start of the recording */
    uint64_t live_bytes, peak_bytes, total_blocks, unknown_frees, failed, dropped;
    uint64_t rss_bytes, pss_bytes, swap_bytes;
    bool has_rss, has_pss; /* false: the figure is not known; without PSS, swap is not either */
    uint64_t limit_bytes;  /* what percentages are of; 0: not known */
};

/* Fills the gauge from what a tick has read. has_rss says whether RSS was read at it; memory is the
 * latest tick at which PSS and swap were read, NULL when there is none. limit_bytes is left at
 * 0. */
void mt_gauge_fill(const struct mt_ledger_totals *totals, const struct mt_tick *tick, bool has_rss,
                   const struct mt_tick *memory, struct mt_gauge *gauge);

#endif
