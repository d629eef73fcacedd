/* SPDX-License-Identifier: MIT */
#include "track/live/sampling.h"

#include "track/ground/logarithm.h"

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

static int64_t next_gap(struct mt_sampling_part *part, uint64_t period) {
    double gap = -mt_logarithm_of_random(next_random(part)) * (double)period;
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
