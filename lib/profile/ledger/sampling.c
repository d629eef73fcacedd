/* SPDX-License-Identifier: MIT */
/*
 * Sampling meets a block of s bytes with probability 1 - exp(-s / period). The blocks of a record
 * have one call path and size class, so their mean size stands for each of them.
 */
#include "profile/ledger/sampling.h"

#include <math.h>

double mt_ledger_sampling_scale(uint64_t period, uint64_t allocated_bytes,
                                uint64_t allocated_blocks) {
    if (period == 0 || allocated_blocks == 0 || allocated_bytes == 0)
        return 1;
    double mean = (double)allocated_bytes / (double)allocated_blocks;
    return 1 / (1 - exp(-mean / (double)period));
}
