/* SPDX-License-Identifier: MIT */
/* How the writer of a heap profile in text chose the blocks that it counted, and what they stand
 * for. */
#ifndef MT_PROFILE_HEAP_SAMPLING_H
#define MT_PROFILE_HEAP_SAMPLING_H

#include <stdint.h>

struct mt_heap_sampling {
    enum { MT_HEAP_EVERY_BLOCK, MT_HEAP_BY_SIZE, MT_HEAP_FIRST_TCMALLOC } how;
    int64_t period; /* bytes; 0 or 1: every block */
};

/* Scales the figures of one record up, in place; they saturate. */
void mt_heap_sampling_scale(const struct mt_heap_sampling *sampling, int64_t *blocks,
                            int64_t *bytes);

#endif
