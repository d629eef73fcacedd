/* SPDX-License-Identifier: MIT */
/*
 * The figures by which runs of commands are compared. A command may be several processes; its peak
 * and RSS are those of the process that has the highest, what was allocated and what is live are
 * sums.
 */
#ifndef MT_VIEW_COMPARE_MEASURE_H
#define MT_VIEW_COMPARE_MEASURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "profile/profile.h"

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

/* This is one run. All zeros is a run without processes. */
struct mt_measurement {
    double value[MT_N_MEASURES];
    bool known[MT_N_MEASURES];
    uint64_t begin_ns, end_ns; /* private */
    size_t n_processes;
};
/* Adds a process to the run. */
void mt_measure_add(struct mt_measurement *measurement, const struct mt_profile *profile);

/* "peak_bytes", "duration_ns", ...; "bytes", "blocks" or "ns"; "peak", "allocations", ... */
const char *mt_measure_name(enum mt_measure measure);
const char *mt_measure_unit(enum mt_measure measure);
const char *mt_measure_label(enum mt_measure measure);

#endif
