/* SPDX-License-Identifier: MIT */
/* How far a sampled figure may be from the true one. */
#ifndef MT_VIEW_MARGIN_H
#define MT_VIEW_MARGIN_H

#include "profile/profile.h"

/* Adds the variance of each value of a sample to variance[]; adds nothing when the profile is
 * exact. value is the sample's, or what it was at another moment. */
void mt_margin_add(const struct mt_profile *profile, const struct mt_sample *sample,
                   const int64_t value[MT_N_VALUES], double variance[MT_N_VALUES]);

/* Returns the margin of a total, of all samples; 0 when it is exact. */
int64_t mt_margin_of_total(const struct mt_profile *profile, enum mt_value value);

/* Returns an upper bound for the margin of a sum of bytes or (is_blocks) of blocks of which no
 * more is known than how many bytes they were. period is the mean bytes between samples. For
 * blocks, mean_bytes is that of one. */
double mt_margin_most_of_bytes(double bytes, uint64_t period);
double mt_margin_most_of_blocks(double blocks, double mean_bytes, uint64_t period);

/* Returns half of an interval around the estimate that holds the true figure with a probability
 * of 95 %: value ± that. For a difference of two estimates, value is their sum. */
int64_t mt_margin_of(double value, double variance);

/* Writes this margin relative to the value: " ±12%", " ±140%", "" for 0; with ascii, " +-12%". */
enum { MT_MARGIN_BYTES = 32 };
const char *mt_margin_text(char buffer[MT_MARGIN_BYTES], int64_t value, int64_t margin, bool utf8);

#endif
