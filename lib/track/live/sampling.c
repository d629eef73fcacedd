/* SPDX-License-Identifier: MIT */
/* See sampling.h. The logarithm is computed here because libm is not a dependency of the preloaded
 * object. */
#include "track/live/sampling.h"

/* xorshift64*: Vigna, "An experimental exploration of Marsaglia's xorshift generators, scrambled",
 * 2016. */
static uint64_t next_random(struct mt_sampling_part *part) {
    uint64_t x = part->random ? part->random : 1;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    part->random = x;
    return x * UINT64_C(2685821657736338717);
}

/* Returns ln(x) for x in (0, 1], by its exponent and a series for the mantissa. The error is below
 * 1e-9. */
static double natural_log(double x) {
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

static int64_t next_gap(struct mt_sampling_part *part, uint64_t period) {
    double uniform = ((double)(next_random(part) >> 11) + 1) / 9007199254740992.0; /* in (0, 1] */
    double gap = -natural_log(uniform) * (double)period;
    return gap < 1 ? 1 : gap > 4e18 ? INT64_MAX / 2 : (int64_t)gap;
}

bool mt_sampling_takes(struct mt_sampling_part *part, uint64_t bytes, uint64_t period) {
    if (part->until == 0)
        part->until = next_gap(part, period);
    if (bytes < (uint64_t)part->until) {
        part->until -= (int64_t)bytes;
        return false;
    }
    part->until = next_gap(part, period);
    return true;
}

/* Returns 1 - exp(-x), by the series for x / 1024 and ten squarings. */
static double probability(double x) {
    if (x > 40)
        return 1;
    double y = x / 1024;
    double rest = y - y * y / 2 + y * y * y / 6 - y * y * y * y / 24; /* 1 - exp(-y) */
    for (int i = 0; i < 10; i++)
        rest = rest * (2 - rest); /* 1 - (1 - rest)^2 */
    return rest;
}

int64_t mt_sampling_weight(uint64_t bytes, uint64_t period) {
    return bytes == 0
               ? 0
               : (int64_t)((double)bytes / probability((double)bytes / (double)period) + 0.5);
}
