/* SPDX-License-Identifier: MIT */
/*
 * The tree of call paths: nodes in the ledger, and the index (parent, key) -> node in private
 * memory, since it can be rebuilt from the nodes. Look-ups take no lock.
 */
#ifndef MT_TRACK_PATHS_H
#define MT_TRACK_PATHS_H

#include "base/os.h"
#include "ledger/layout.h"
#include "track/thread/paths_part.h"
#include "unwind/rule.h"

/* Forgets all nodes, in a new process. Returns false when there is no memory. */
MT_HIDDEN bool mt_paths_start(void);

/* Forgets what a thread remembers of paths, which may not be so any more. */
MT_HIDDEN void mt_paths_forget(struct mt_paths_part *part);

/* Returns the child of parent for an address with its rule, and makes it if need be; MT_NODE_LOSSY
 * when there is no room. */
MT_HIDDEN mt_node_id mt_paths_find(struct mt_paths_part *part, mt_node_id parent, uint64_t pc,
                                   mt_rule rule);

/* Returns the leaf below node that says what an allocation belongs to: MT_NODE_MODULE_SCOPE or
 * _DOMAIN, and a name. */
MT_HIDDEN mt_node_id mt_paths_leaf(struct mt_paths_part *part, mt_node_id node, uint32_t module,
                                   uint32_t name);

/* Writes the addresses of a path, innermost first, at most max of them, and returns how many. */
MT_HIDDEN uint32_t mt_paths_addresses(mt_node_id node, uint64_t *pc, uint32_t max);

/* Tells whether node stands for these addresses (as in mt_frame_state, innermost first), without so
 * many missing ones as mt_walk_plain_missing counts, to check the walk. */
MT_HIDDEN bool mt_paths_equal(mt_node_id node, const uint64_t *pc, uint32_t n, uint32_t missing);

/* Returns the parent of a node of a path: of the outermost frame's, what stands for the outer end. */
MT_HIDDEN mt_node_id mt_paths_parent(mt_node_id node);

/* Returns where a thread remembers the child of parent for an address. */
static inline struct mt_known_child *mt_paths_cached(struct mt_paths_part *part, mt_node_id parent,
                                                     uint64_t pc) {
    uint64_t h = (pc + ((uint64_t)parent << 20)) * UINT64_C(0x9E3779B97F4A7C15);
    return &part->child[h >> (64 - MT_CHILDREN_BITS)];
}

/* Is a mt_walk_child; mine is the part. */
static inline uint32_t mt_paths_child(void *mine, uint32_t parent, uint64_t pc, mt_rule rule) {
    struct mt_paths_part *part = mine;
    const struct mt_known_child *c = mt_paths_cached(part, parent, pc);
    if (mt_likely(c->pc == pc && c->parent == parent))
        return c->node;
    return mt_paths_find(part, parent, pc, rule);
}

#ifdef MEMTRACK_CHECKS
/* See track/check.h. */
MT_HIDDEN const char *mt_paths_check(void);
#endif

#endif
