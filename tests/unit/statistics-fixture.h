/* SPDX-License-Identifier: MIT */
/* The standard deviation of values that are known. */
#ifndef TESTS_UNIT_STATISTICS_FIXTURE_H
#define TESTS_UNIT_STATISTICS_FIXTURE_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

/* In two passes, the way of the textbook. */
static inline void deviates_by(double found, const int64_t *values, size_t n) {
    double mean = 0, squares = 0;
    for (size_t i = 0; i < n; i++)
        mean += (double)values[i] / (double)n;
    for (size_t i = 0; i < n; i++)
        squares += ((double)values[i] - mean) * ((double)values[i] - mean);
    double exact = sqrt(squares / (double)n);
    if (fabs(found - exact) > exact * 1e-9)
        fail_msg("found %.17g, exactly it is %.17g", found, exact);
}

#endif
