/* SPDX-License-Identifier: MIT */
/* What a thread remembers of call paths: its part of tables/paths.h. Owner thread only. */
#ifndef MT_TRACK_PATHS_PART_H
#define MT_TRACK_PATHS_PART_H

#include "ledger/layout.h"

enum { MT_CHILDREN_BITS = 11, MT_CHILDREN = 1 << MT_CHILDREN_BITS };

/* A node that this thread has met lately, by its address below its parent. */
struct mt_known_child {
    uint64_t pc;
    mt_node_id parent, node;
};

struct mt_paths_part {
    struct mt_known_child child[MT_CHILDREN]; /* by parent and address */
};

#endif
