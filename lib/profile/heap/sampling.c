/* SPDX-License-Identifier: MIT */
/*
 * What was sampled is scaled up as jeprof and pprof do it. The word behind the last @ of the first
 * line says how it was sampled:
 *
 *   heapprofile, growth*, fragmentation*   every block: as it is
 *   heap_v2/N, heapz_v2/N, heap_v2 of jemalloc, heap/2N of Go
 *                                          a block of s bytes with probability 1 - exp(-s/N): each
 *                                          record is divided by that, with its mean size
 *   none                                   what tcmalloc wrote at first: every 128 KiB; records of
 *                                          smaller blocks stand for as many as make 128 KiB, if the
 *                                          totals are equal (they were, there)
 *
 * jemalloc prepares its figures for that division (its option prof_unbias). A thread's part (t3:)
 * is left alone: what jemalloc scales is the stack as a whole.
 */
#include "profile/heap/sampling.h"

#include <math.h>

static int64_t multiply(int64_t value, double factor) {
    double scaled = (double)value * factor;
    return scaled >= 0x1p63 ? INT64_MAX : scaled <= -0x1p63 ? INT64_MIN : (int64_t)scaled;
}

void mt_heap_sampling_scale(const struct mt_heap_sampling *sampling, int64_t *blocks,
                            int64_t *bytes) {
    double mean = *blocks ? (double)*bytes / (double)*blocks : 0;
    if (sampling->how == MT_HEAP_EVERY_BLOCK || sampling->period <= 1 || mean <= 0)
        return;
    double ratio = mean / (double)sampling->period,
           factor = sampling->how == MT_HEAP_BY_SIZE ? -1 / expm1(-ratio) : 1 / ratio;
    if (factor <= 1)
        return;
    *blocks = multiply(*blocks, factor);
    *bytes = multiply(*bytes, factor);
}
