/* SPDX-License-Identifier: MIT */
/*
 * The call paths of an export as one tree, the outermost frames at its roots, for formats that write
 * each node once. A node is a frame below a node. Nodes are in pre-order: what is below a node is
 * behind it without gaps, so that a range of numbers is a branch. Private to lib/export.
 */
#ifndef MT_EXPORT_PATH_TREE_H
#define MT_EXPORT_PATH_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "export/stacks.h"

struct mt_path_node {
    uint32_t frame;  /* an id, see stacks.h */
    uint32_t parent; /* UINT32_MAX: none */
    uint32_t last;   /* the last node of the branch that begins here */
};

struct mt_path_tree {
    struct mt_path_node *nodes;
    size_t n;
    uint32_t
        *leaf_of_row; /* of each row: the node of its charged frame, with which its path ends */
};

/* Puts in the first n rows. seen is called for each frame the first time that it occurs, and stops
 * everything when it returns false. Returns false then, and when out of memory. */
typedef bool mt_path_tree_seen(void *context, const struct mt_row_frame *frame);
bool mt_path_tree_build(struct mt_path_tree *tree, struct mt_stacks *stacks, size_t n,
                        mt_path_tree_seen *seen, void *context);
void mt_path_tree_free(struct mt_path_tree *tree);

#endif
