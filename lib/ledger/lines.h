/* SPDX-License-Identifier: MIT */
/* The records of lines, which a ledger has when they were asked for: a part of layout.h. */
#ifndef MT_LEDGER_LAYOUT_LINES_H
#define MT_LEDGER_LAYOUT_LINES_H

#include "ledger/layout.h"

/*
 * What one thread has done at a call path, if lines are recorded. Sites say where blocks came from;
 * this says where they were allocated and freed. Or, with is_step, what it has done in a block of
 * the program's code, which its path is alone.
 */
struct mt_line_record {
    mt_node_id node;
    uint16_t bank; /* bank that writes this record */
    uint8_t is_step, reserved;
    uint64_t clear_epoch;       /* of another one than the control line's, it counts as zero */
    struct mt_counters changed; /* live_bytes is allocated less freed there, and can be negative */
    /* What the process held when this was last written, and the most whenever it was; INT64_MIN:
     * nothing yet. */
    int64_t high_bytes, after_bytes;
    uint64_t after_ns; /* since the start of the recording; 0: never */
    /* Of a step: how often, how long (what it calls is included, and a call within a call of the
     * same function is not), and where the function begins. */
    uint64_t hits, time_ns, function;
};
enum { MT_LINES_PER_CHUNK = 512 };

#endif
