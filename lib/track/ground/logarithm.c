/* SPDX-License-Identifier: MIT */
/* See logarithm.h. It is computed here because libm is not a dependency of the preloaded object. */
#include "track/ground/logarithm.h"

/* By its exponent and a series for the mantissa. The error is below
 * 1e-9. */
double mt_logarithm(double x) {
    int exponent = 0;
    while (x < 0.70710678118654752) {
        x *= 2;
        exponent--;
    }
    double y = (x - 1) / (x + 1), square = y * y, term = y, sum = 0;
    for (int k = 1; k < 24; k += 2) {
        sum += term / k;
        term *= square;
    }
    return 2 * sum + exponent * 0.69314718055994531;
}

double mt_logarithm_of_random(uint64_t random) {
    return mt_logarithm(((double)(random >> 11) + 1) / 9007199254740992.0);
}
