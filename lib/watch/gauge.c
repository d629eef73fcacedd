/* SPDX-License-Identifier: MIT */
/*
 * A peak that a reader of the totals sees may lie behind the live bytes of the same reading, since
 * threads publish it now and then: the gauge says at least what is live.
 */
#include "watch/gauge.h"

void mt_gauge_fill(const struct mt_ledger_totals *totals, const struct mt_tick *tick, bool has_rss,
                   const struct mt_tick *memory, struct mt_gauge *gauge) {
    *gauge = (struct mt_gauge){
        .time_ns = tick->time_ns,
        .live_bytes = (uint64_t)tick->live_bytes,
        .peak_bytes = totals->peak_bytes > tick->live_bytes ? (uint64_t)totals->peak_bytes
                                                            : (uint64_t)tick->live_bytes,
        .total_blocks = totals->allocated_blocks,
        .unknown_frees = totals->unknown_frees,
        .failed = totals->failed,
        .dropped = totals->dropped,
        .rss_bytes = tick->rss_bytes,
        .pss_bytes = memory ? memory->pss_bytes : 0,
        .swap_bytes = memory ? memory->swap_bytes : 0,
        .has_rss = has_rss,
        .has_pss = memory != NULL,
    };
}
