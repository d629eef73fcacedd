/* SPDX-License-Identifier: MIT */
/* Which line of the program did what: a thread's part of lines/. Owner thread only. */
#ifndef MT_TRACK_LINES_PART_H
#define MT_TRACK_LINES_PART_H

#include "ledger/layout.h"

struct mt_lines_kept;

struct mt_lines_part {
    struct mt_counters seen; /* the bank's counters, as far as they have been charged to a path */
    uint64_t clear_epoch;    /* they are of after this clear */
    struct mt_lines_kept *kept; /* made when a line is first met */
};

#endif
