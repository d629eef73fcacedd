/* SPDX-License-Identifier: MIT */
/* Where a thread stands in what it samples: its part of live/sampling.h. */
#ifndef MT_TRACK_SAMPLING_PART_H
#define MT_TRACK_SAMPLING_PART_H

#include <stdint.h>

struct mt_sampling_part {
    int64_t until; /* bytes until the next sampled one, 0: not drawn yet */
    uint64_t random;
};

#endif
