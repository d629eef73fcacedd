/* SPDX-License-Identifier: MIT */
/*
 * From profiles to the figures of a run, and from the figures of many runs to what differs. A run
 * of several processes becomes one set of figures: sums where a sum means something, and the
 * largest process where it does not, since the peaks of two processes need not be at one time. A
 * figure that one run lacks is not compared at all; leaving the run out would compare different
 * runs in different rows.
 */
#include "view/compare/comparison.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

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

const char *mt_shift_verdict_name(enum mt_shift_verdict verdict) {
    static const char *const names[] = {"same", "less", "more", "unclear"};
    return names[verdict];
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

static int compare_one(const struct mt_measurement *const runs[2], size_t n_runs,
                       enum mt_measure measure, struct mt_compared *compared) {
    int rc = 0;
    compared->known = true;
    for (size_t side = 0; side < 2 && rc == 0; side++) {
        double *values = compared->values[side] = calloc(n_runs, sizeof *values);
        if (!values)
            return -MEMTRACK_ENOMEM;
        for (size_t i = 0; i < n_runs; i++) {
            values[i] = runs[side][i].value[measure];
            compared->known &= runs[side][i].known[measure];
        }
        rc = mt_shift_range(values, n_runs, &compared->spread[side]);
    }
    if (rc == 0)
        rc = mt_shift_between(compared->values[0], n_runs, compared->values[1], n_runs,
                              &compared->shift);
    compared->verdict = mt_shift_judge(&compared->shift);
    return rc;
}

int mt_comparison_build(const struct mt_measurement *const runs[2], size_t n_runs,
                        struct mt_comparison *comparison, struct mt_error *error) {
    *comparison = (struct mt_comparison){.n_runs = n_runs};
    for (enum mt_measure measure = 0; measure < MT_N_MEASURES; measure++)
        if (compare_one(runs, n_runs, measure, &comparison->of[measure]) != 0)
            return mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
    return 0;
}

void mt_comparison_free(struct mt_comparison *comparison) {
    for (enum mt_measure measure = 0; measure < MT_N_MEASURES; measure++) {
        free(comparison->of[measure].values[0]);
        free(comparison->of[measure].values[1]);
    }
    *comparison = (struct mt_comparison){0};
}
