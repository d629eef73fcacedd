/* SPDX-License-Identifier: MIT */
/* What counting does rarely: see count.h. */
#include "track/live/count.h"

void mt_count_weigh(struct mt_thread *t, uint64_t bytes, int sign) {
    uint64_t period = mt_state.options.sample_bytes;
    if (period == 0)
        return;
    mt_own_add(&t->bank->counters.live_bytes,
               sign * (mt_sampling_weight(bytes, period) - (int64_t)bytes));
    if (t->bank->counters.live_bytes > t->high || t->bank->counters.live_bytes < t->low)
        mt_scopes_process_publish(t);
}

void mt_count_free(struct mt_thread *t, mt_site_id id, uint64_t bytes, int64_t waste,
                   bool temporary) {
    mt_count_free_plain(t, id, bytes, temporary);
    if (waste != 0)
        mt_count_record(t, id)->waste_bytes -= waste;
    if (mt_load_part(&mt_state.unusual))
        mt_count_weigh(t, bytes, -1);
}
