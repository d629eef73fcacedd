/* SPDX-License-Identifier: MIT */
/*
 * From profiles to the figures of a run. A run of several processes becomes one set of figures:
 * sums where a sum means something, and the largest process where it does not, since the peaks of
 * two processes need not be at one time.
 */
#include "view/compare/measure.h"

#include <math.h>

static const struct {
    const char *name, *unit, *label;
} words[MT_N_MEASURES] = {
    [MT_MEASURE_PEAK] = {"peak_bytes", "bytes", "peak"},
    [MT_MEASURE_LIVE] = {"live_bytes", "bytes", "live"},
    [MT_MEASURE_TOTAL] = {"total_bytes", "bytes", "total"},
    [MT_MEASURE_TOTAL_BLOCKS] = {"total_blocks", "blocks", "blocks"},
    [MT_MEASURE_TEMPORARY] = {"temporary_blocks", "blocks", "temporary"},
    [MT_MEASURE_TIME] = {"duration_ns", "ns", "time"},
    [MT_MEASURE_RSS] = {"rss_bytes", "bytes", "RSS"},
};

const char *mt_measure_name(enum mt_measure measure) {
    return words[measure].name;
}

const char *mt_measure_unit(enum mt_measure measure) {
    return words[measure].unit;
}

const char *mt_measure_label(enum mt_measure measure) {
    return words[measure].label;
}

static void add_sum(struct mt_measurement *m, enum mt_measure measure, uint64_t value) {
    m->value[measure] += (double)value;
    m->known[measure] = true;
}

static void add_highest(struct mt_measurement *m, enum mt_measure measure, uint64_t value) {
    m->value[measure] = fmax(m->value[measure], (double)value);
    m->known[measure] = true;
}

void mt_measure_add(struct mt_measurement *m, const struct mt_profile *profile) {
    const struct mt_profile_info *info = &profile->info;
    uint64_t rss_bytes = 0, end_ns = info->start_time_ns + info->duration_ns;
    add_highest(m, MT_MEASURE_PEAK, info->totals.peak_bytes);
    add_sum(m, MT_MEASURE_LIVE, info->totals.live_bytes);
    add_sum(m, MT_MEASURE_TOTAL, info->totals.total_bytes);
    add_sum(m, MT_MEASURE_TOTAL_BLOCKS, info->totals.total_blocks);
    add_sum(m, MT_MEASURE_TEMPORARY, info->totals.temporary_blocks);
    for (size_t i = 0; i < info->n_ticks; i++)
        if (info->ticks[i].rss_bytes > rss_bytes)
            rss_bytes = info->ticks[i].rss_bytes;
    if (rss_bytes)
        add_highest(m, MT_MEASURE_RSS, rss_bytes);
    if (m->n_processes == 0 || info->start_time_ns < m->begin_ns)
        m->begin_ns = info->start_time_ns;
    if (end_ns > m->end_ns)
        m->end_ns = end_ns;
    m->value[MT_MEASURE_TIME] = (double)(m->end_ns - m->begin_ns);
    m->known[MT_MEASURE_TIME] = true;
    m->n_processes++;
}
