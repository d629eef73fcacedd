/* SPDX-License-Identifier: MIT */
/*
 * Sampling by bytes: the gaps between sampled bytes are exponentially distributed with the given
 * mean (a Poisson process, as in Go's and tcmalloc's heap profiles), so that a block of n bytes is
 * recorded with probability 1 - exp(-n / period), which is what a reader divides by.
 */
#ifndef MT_TRACK_SAMPLING_H
#define MT_TRACK_SAMPLING_H

#include "base/os.h"
#include "track/thread/sampling_part.h"

/* Tells whether this allocation of bytes is to be recorded. period is the mean gap in bytes. */
MT_HIDDEN bool mt_sampling_takes(struct mt_sampling_part *part, uint64_t bytes, uint64_t period);

/* Returns how many bytes a recorded block of this size stands for. */
MT_HIDDEN int64_t mt_sampling_weight(uint64_t bytes, uint64_t period);

#endif
