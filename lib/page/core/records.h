/* SPDX-License-Identifier: MIT */
/*
 * What the script reads of one thing: doubles first, then words of 32 bits, of which those that are
 * text are addresses. src/core.ts has the same places; the sizes are checked there as well.
 */
#ifndef MT_PAGE_CORE_RECORDS_H
#define MT_PAGE_CORE_RECORDS_H

#include <stdint.h>

#include "profile/profile.h"

struct mt_core_row {
    double value[MT_N_VALUES]; /* enum mt_value */
    double margin[MT_N_VALUES];
    double line;
    const char *key, *function, *file, *module;
    uint32_t n_sites, sample;
    uint32_t has_margin;
    uint32_t max_is_bound;
};

struct mt_core_diff_row {
    double old[MT_N_VALUES], new[MT_N_VALUES], diff[MT_N_VALUES];
    double margin[MT_N_VALUES];
    double line;
    const char *key, *old_key, *function, *file, *module, *state;
    uint32_t has_margin;
    uint32_t has_moved;
};

struct mt_core_frame {
    double line;
    const char *function, *file, *module, *address;
    uint32_t is_inlined;
    uint32_t kind;      /* enum mt_frame_kind */
    uint32_t n_missing; /* of "[truncated]": see mt_sample.n_missing */
};

struct mt_core_event {
    double time_s, duration_s, value, peak; /* value: net bytes of a scope */
    double allocated_bytes, allocated_blocks;
    const char *name, *thread, *about; /* about: keys and values that the program set */
    uint32_t kind;                     /* of a mark: enum mt_mark_kind */
    uint32_t is_process, tid;
};

enum { MT_CORE_STATISTIC = 8 /* sum, mean, p50, p95, max, own, min, stddev */ };
struct mt_core_scope {
    double value[MT_N_SCOPE_VALUES][MT_CORE_STATISTIC];
    double sum_margin[MT_N_SCOPE_VALUES]; /* below 0: the sum is exact */
    double count, errors, recursive, misuses, line, latest_before_bytes, latest_after_bytes,
        unmeasured;
    const char *name;
    uint32_t is_process, n_threads;
    const char *group, *file, *error;
    uint32_t has_spread, has_latest;
};

enum { MT_CORE_TICK = 9 };

#endif
