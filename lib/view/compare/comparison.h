/* SPDX-License-Identifier: MIT */
/*
 * Two commands, each run several times: their figures and how these differ. A command may be
 * several processes; its peak and RSS are those of the process that has the highest, what was
 * allocated and what is live are sums.
 */
#ifndef MT_VIEW_COMPARISON_H
#define MT_VIEW_COMPARISON_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "profile/profile.h"
#include "view/compare/shift.h"

enum mt_measure {
    MT_MEASURE_PEAK,
    MT_MEASURE_LIVE,
    MT_MEASURE_TOTAL,
    MT_MEASURE_TOTAL_BLOCKS,
    MT_MEASURE_TEMPORARY,
    MT_MEASURE_TIME, /* ns, from the first process to the last, under the tracker */
    MT_MEASURE_RSS, /* highest that the time axis saw; a run that is shorter than a tick has none */
    MT_N_MEASURES
};

/* One run. Zero-initialized is one without processes. */
struct mt_measurement {
    double value[MT_N_MEASURES];
    bool known[MT_N_MEASURES];
    uint64_t begin_ns, end_ns; /* private */
    size_t n_processes;
};
/* Adds a process of the run. */
void mt_measure_add(struct mt_measurement *measurement, const struct mt_profile *profile);

struct mt_compared {
    bool known;        /* in every run of both */
    double *values[2]; /* n_runs each, in the order of the runs */
    struct mt_range spread[2];
    struct mt_shift shift; /* from the first to the second */
    enum mt_shift_verdict verdict;
};
struct mt_comparison {
    size_t n_runs; /* of each */
    struct mt_compared of[MT_N_MEASURES];
};

/* runs[i] has n_runs elements. 0 or -MEMTRACK_ENOMEM; free it either way. */
int mt_comparison_build(const struct mt_measurement *const runs[2], size_t n_runs,
                        struct mt_comparison *comparison, struct mt_error *error);
void mt_comparison_free(struct mt_comparison *comparison);

/* "peak_bytes", "duration_ns", ...; "bytes", "blocks" or "ns"; "peak", "allocations", ... */
const char *mt_measure_name(enum mt_measure measure);
const char *mt_measure_unit(enum mt_measure measure);
const char *mt_measure_label(enum mt_measure measure);
const char *mt_shift_verdict_name(enum mt_shift_verdict verdict); /* same, less, more, unclear */

#endif
