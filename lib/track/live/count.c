/* SPDX-License-Identifier: MIT */
/* What counting does rarely: see count.h. */
#include "track/live/count.h"

#include "track/ground/state.h"
#include "track/live/sampling.h"
#include "track/tables/identities.h"
#include "track/thread/peak.h"

mt_site_id mt_count_find(struct mt_thread *t, mt_node_id node, uint8_t size_class) {
    if (mt_unlikely(t->thread_id == 0))
        mt_identities_begin(t);
    return mt_sites_find(t, node, size_class);
}

mt_site_id mt_count_find_foreign(struct mt_thread *t, mt_site_id of) {
    if (mt_unlikely(t->thread_id == 0))
        mt_identities_begin(t); /* the site may have to be this thread's lossy record */
    return mt_sites_find_foreign(t, of);
}

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

void mt_count_reset_peak(struct mt_thread *t) {
    mt_scopes_process_publish(t);
    mt_peak_reset(t);
}
