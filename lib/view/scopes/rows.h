/* SPDX-License-Identifier: MIT */
/*
 * Scopes as a table: a row per name, threads added up. Pure functions over a profile, whose numbers
 * may be anything.
 */
#ifndef MT_VIEW_SCOPES_ROWS_H
#define MT_VIEW_SCOPES_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "profile/profile.h"
#include "view/scopes/sort.h"

/* These are over all scopes of a name. The middle of the histogram's bucket stands for what fell
 * into it (within 1.6 %), and is never above max. When all values are equal, the percentiles are
 * that value. */
struct mt_scope_statistic {
    int64_t sum, p50, p95, max, min;
    double mean, stddev;
};

struct mt_scope_row {
    mt_string name, group; /* group "": the default one */
    mt_string file;        /* where the first of them began, "": not known */
    mt_string error;       /* what the program said of the latest that failed, or "" */
    uint32_t line;
    uint32_t n_threads;
    bool is_process; /* scopes of the whole process have rows of their own */
    bool has_spread; /* min and stddev are known: older recorders did not measure them */
    bool has_latest; /* so are the next two */
    int64_t latest_before_bytes, latest_after_bytes; /* what the process held at the two ends of the
                                                        one that ended last */
    uint64_t count;
    uint64_t recursive;  /* of these, what began inside of one of the same name: own knows of it */
    uint64_t unmeasured; /* of count: the others were measured, and the sums are estimates */
    uint64_t errors;     /* scopes that the program has said have failed */
    uint64_t misuses;    /* scopes that were ended by something else than their own end */
    struct mt_scope_statistic value[MT_N_SCOPE_VALUES]; /* inner scopes included */
    /* Sums without inner scopes; there is no such thing as an own peak. */
    int64_t own[MT_N_SCOPE_VALUES];
};

struct mt_scopes_rows {
    const struct mt_profile *profile;
    enum mt_scopes_sort sort;
    struct mt_scope_row
        *items; /* sorted, largest first; equal ones and names in alphabetical order */
    size_t n;
    struct mt_scope_row *answers; /* what caches have answered: see view/scopes/caches.h */
    size_t n_answers;
    bool is_filtered; /* some of all: see view/scopes/filter.h */
};

/* Builds the rows. Returns 0 or -MEMTRACK_ENOMEM. The profile must outlive the rows, which
 * mt_scopes_rows_free frees (NULL is fine). */
int mt_scopes_rows_build(const struct mt_profile *profile, enum mt_scopes_sort sort,
                         struct mt_scopes_rows **out, struct mt_error *error);
void mt_scopes_rows_free(struct mt_scopes_rows *rows);

/* Returns how far a sum or the highest of a value of bytes or blocks may be off (95 %), at most,
 * when the recording is sampled; 0 when it is exact. */
int64_t mt_scopes_rows_margin(const struct mt_scopes_rows *rows, const struct mt_scope_row *row,
                              enum mt_scope_value value, int64_t amount);

/* Returns of how many scopes the statistics of a row are. */
static inline uint64_t mt_scopes_rows_measured(const struct mt_scope_row *row) {
    return row->count > row->recursive ? row->count - row->recursive : 0;
}

/* Returns what exports call the values: "net_bytes", ... */
const char *mt_scopes_rows_value_key(enum mt_scope_value value);

/* Does sampling make figures of this value estimates? */
bool mt_scopes_rows_is_estimate(const struct mt_scopes_rows *rows, enum mt_scope_value value);

#endif
