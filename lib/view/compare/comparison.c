/* SPDX-License-Identifier: MIT */
/*
 * From the figures of many runs to what differs. A figure that one run lacks is not compared at
 * all; leaving the run out would compare different runs in different rows.
 */
#include "view/compare/comparison.h"

#include <stdlib.h>

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
        rc = mt_shift_range(values, n_runs, &compared->range[side]);
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
