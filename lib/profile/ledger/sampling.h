/* SPDX-License-Identifier: MIT */
/* Private to lib/profile: what the figures of a sampled recording stand for. */
#ifndef MT_PROFILE_LEDGER_SAMPLING_H
#define MT_PROFILE_LEDGER_SAMPLING_H

#include <stdint.h>

/* Returns what one recorded block of a call path stands for, with this many bytes between
 * samples on average (0: every block was recorded, and 1 is returned). */
double mt_ledger_sampling_scale(uint64_t period, uint64_t allocated_bytes,
                                uint64_t allocated_blocks);

#endif
