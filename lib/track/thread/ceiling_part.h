/* SPDX-License-Identifier: MIT */
/* What a thread has reserved under the limit and not allocated yet: its part of thread/ceiling.h. */
#ifndef MT_TRACK_CEILING_PART_H
#define MT_TRACK_CEILING_PART_H

#include <stdbool.h>
#include <stdint.h>

struct mt_ceiling_part {
    uint64_t reserved; /* for the call that is under way */
    uint64_t outer;    /* for calls that a signal handler has interrupted to make that one */
    int64_t deferred;  /* changes that are to be noted together with later ones */
    bool is_deferring;
};

#endif
