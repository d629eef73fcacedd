/* SPDX-License-Identifier: MIT */
/*
 * The tree of call paths: nodes in the ledger, and the index (parent, key) -> node in private memory, since it can be
 * rebuilt from the nodes. Look-ups take no lock.
 */
#ifndef MT_TRACK_PATHS_H
#define MT_TRACK_PATHS_H

#include "track/tracker.h"

/* In a new process: forget all nodes. */
MT_HIDDEN bool mt_paths_start(void);

/* The child of parent for edge->pc, created if need be; MT_NODE_LOSSY when there is no room for it. */
MT_HIDDEN mt_node_id mt_paths_child(struct mt_thread *t, mt_node_id parent, struct mt_edge *edge);

static inline uint32_t mt_paths_edge(void *thread, uint32_t parent, struct mt_edge *edge) {
    if (mt_likely(edge->parent == parent))
        return edge->node;
    return mt_paths_child(thread, parent, edge);
}

#endif
