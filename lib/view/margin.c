/* SPDX-License-Identifier: MIT */
/*
 * The error of a sampled figure. Sampled bytes are the points of a Poisson process, one in period P
 * on average, so a block of s bytes is recorded with p = 1 - exp(-s/P), independently of all
 * others, and stands for 1/p blocks and s/p bytes. This estimate (Horvitz and Thompson, 1952) is
 * right on average; its variance is a sum over the recorded blocks:
 *
 *               in general              a sample of n recorded blocks of mean size m
 *   of bytes    sum (s/p)^2 (1-p)       n (m/p)^2 (1-p)
 *   of blocks   sum (1/p)^2 (1-p)       n (1/p)^2 (1-p)
 *
 * A profile has the scaled figures B = n m/p and N = n/p, from which all of it follows: with q =
 * (1-p)/p = 1/(exp(m/P)-1) the variances are B (B/N) q and N q. So nothing further has to be
 * stored, and heap profiles of Go or tcmalloc, which sample in the same way, have their margins,
 * too. Variances of independent blocks add up; those of rows do.
 *
 * 1.96 standard deviations are too few where a row stands for a handful of recorded blocks, as
 * counts that small are Poisson's and not normal. What one recorded block contributes is about u =
 * variance / value; for n such blocks Gehrels' upper limit (ApJ 303, 1986) is n + S sqrt(n + 3/4) +
 * (S^2 + 3)/4 with S = 1.96, and in units of bytes the distance is S sqrt(variance + 3/4 u^2) +
 * 1.71 u, which becomes 1.96 standard deviations as n grows. It is taken for both sides: the lower
 * one is nearer.
 *
 * Of scopes only sums are known. s/p (1-p) <= P for any s, so the variance of a sum B is at most B
 * P, and near it where blocks are small beside P.
 */
#include "view/margin.h"

#include <math.h>
#include <stdio.h>

#define S95    1.959964
#define OFFSET ((S95 * S95 + 3) / 4)

/* Returns (1 - p) / p for blocks of this size. */
static double odds_against(double mean_bytes, uint64_t period) {
    double x = mean_bytes / (double)period;
    return x > 700 ? 0 : 1 / expm1(x > 1e-12 ? x : 1e-12);
}

static void add_pair(const int64_t value[MT_N_VALUES], enum mt_value bytes, enum mt_value blocks,
                     double odds, double variance[MT_N_VALUES]) {
    double b = (double)value[bytes], n = (double)value[blocks];
    if (n <= 0 || b <= 0)
        return;
    variance[bytes] += b * (b / n) * odds;
    variance[blocks] += n * odds;
}

void mt_margin_add(const struct mt_profile *profile, const struct mt_sample *sample,
                   const int64_t value[MT_N_VALUES], double variance[MT_N_VALUES]) {
    uint64_t period = profile->info.sample_bytes;
    const int64_t *all = sample->value;
    bool has_total = all[MT_VALUE_TOTAL_BLOCKS] > 0 && all[MT_VALUE_TOTAL_BYTES] > 0;
    double bytes = (double)all[has_total ? MT_VALUE_TOTAL_BYTES : MT_VALUE_LIVE_BYTES];
    double blocks = (double)all[has_total ? MT_VALUE_TOTAL_BLOCKS : MT_VALUE_LIVE_BLOCKS];
    if (period == 0 || blocks <= 0 || bytes <= 0)
        return;
    double mean = bytes / blocks, odds = odds_against(mean, period);
    add_pair(value, MT_VALUE_TOTAL_BYTES, MT_VALUE_TOTAL_BLOCKS, odds, variance);
    add_pair(value, MT_VALUE_LIVE_BYTES, MT_VALUE_LIVE_BLOCKS, odds, variance);
    add_pair(value, MT_VALUE_PEAK_BYTES, MT_VALUE_PEAK_BLOCKS, odds, variance);
    if (value[MT_VALUE_TEMPORARY_BLOCKS] > 0)
        variance[MT_VALUE_TEMPORARY_BLOCKS] += (double)value[MT_VALUE_TEMPORARY_BLOCKS] * odds;
    if (value[MT_VALUE_MAX_BYTES] > 0)
        variance[MT_VALUE_MAX_BYTES] += (double)value[MT_VALUE_MAX_BYTES] * mean * odds;
    if (value[MT_VALUE_WASTE_BYTES] > 0 && value[MT_VALUE_LIVE_BLOCKS] > 0)
        variance[MT_VALUE_WASTE_BYTES] +=
            (double)value[MT_VALUE_WASTE_BYTES] *
            ((double)value[MT_VALUE_WASTE_BYTES] / (double)value[MT_VALUE_LIVE_BLOCKS]) * odds;
}

double mt_margin_most_of_bytes(double bytes, uint64_t period) {
    return fabs(bytes) * (double)period;
}

double mt_margin_most_of_blocks(double blocks, double mean_bytes, uint64_t period) {
    return blocks > 0 ? blocks * odds_against(mean_bytes > 1 ? mean_bytes : 1, period) : 0;
}

int64_t mt_margin_of(double value, double variance) {
    double unit = fabs(value) >= 1 ? variance / fabs(value) : 0;
    double half = S95 * sqrt(variance + 0.75 * unit * unit) + OFFSET * unit;
    return half < 0x1p62 ? (int64_t)ceil(half) : INT64_MAX / 2;
}

int64_t mt_margin_of_total(const struct mt_profile *profile, enum mt_value value) {
    double variance[MT_N_VALUES] = {0}, sum = 0;
    for (size_t i = 0; profile->info.sample_bytes && i < profile->n_samples; i++) {
        mt_margin_add(profile, &profile->samples[i], profile->samples[i].value, variance);
        sum += (double)profile->samples[i].value[value];
    }
    return profile->info.sample_bytes ? mt_margin_of(sum, variance[value]) : 0;
}

const char *mt_margin_text(char buffer[MT_MARGIN_BYTES], int64_t value, int64_t margin, bool utf8) {
    double percent = value != 0 ? 100 * (double)margin / fabs((double)value) : 0;
    const char *sign = utf8 ? "±" : "+-";
    if (margin <= 0 || value == 0)
        buffer[0] = 0;
    else if (percent < 0.1)
        snprintf(buffer, MT_MARGIN_BYTES, " %s<0.1%%", sign);
    else if (percent >= 1000) /* nothing is known of it but that it was there */
        snprintf(buffer, MT_MARGIN_BYTES, " %s>999%%", sign);
    else
        snprintf(buffer, MT_MARGIN_BYTES, percent < 10 ? " %s%.1f%%" : " %s%.0f%%", sign, percent);
    return buffer;
}
