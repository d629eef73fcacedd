/* SPDX-License-Identifier: MIT */
/*
 * The call paths of a profile as one tree, from main inwards or (inverted) from the frames that are
 * charged outwards. Pure; the rows must outlive the tree.
 */
#ifndef MT_VIEW_TREE_H
#define MT_VIEW_TREE_H

#include "view/rows/rows.h"

struct mt_tree_options {
    enum mt_group_by by; /* line, function, file or module: what frames of a node have in common */
    enum mt_value sort;  /* the order of children, largest first */
    bool inverted;
    bool full_stacks; /* with the frames that start the program and its threads */
};

/* A node stands for the paths that begin with its own way from the root. Sums saturate. */
struct mt_tree_node {
    int64_t value[MT_N_VALUES];
    int64_t gross; /* of the column sorted by: the rows' figures without their signs, added up */
    struct mt_row_frame frame; /* of the first path; not set when has_frame is false */
    uint32_t row;              /* that path: an index into the rows */
    uint32_t n_sites;          /* above 1, MT_VALUE_MAX_BYTES is an upper bound */
    bool has_frame;
    /* Of paths that are cut short and have this frame at their outer end: the least that one lacks
     * (see mt_rows_missing); others lack more when missing_varies. 0: none, or not known. */
    uint32_t missing;
    bool missing_varies;
    uint32_t parent,
        rank; /* rank: how many nodes are larger; an outer one comes before its inner */
};

struct mt_tree; /* private */

/* Builds the tree of rows that were built by stack. The sums of a node are those of all paths
 * through it, so that children add up to at most their parent; those of the root, which is node 0
 * and stands for nothing, to what passed the filter. Returns 0, -MEMTRACK_EUSAGE (rows of another
 * grouping, a by that is no frame's) or -MEMTRACK_ENOMEM. */
int mt_tree_build(const struct mt_rows *rows, const struct mt_tree_options *options,
                  struct mt_tree **out, struct mt_error *error);
void mt_tree_free(struct mt_tree *tree); /* NULL is fine */

const struct mt_tree_options *mt_tree_options(const struct mt_tree *tree);
const struct mt_rows *mt_tree_rows(const struct mt_tree *tree);
const struct mt_tree_node *mt_tree_node(const struct mt_tree *tree, uint32_t node);
/* Returns the node's children, largest first (by magnitude: a difference has signs). */
const uint32_t *mt_tree_children(const struct mt_tree *tree, uint32_t node, size_t *n);
/* Returns what the node is called: as its row would be in a report. malloc'ed; NULL: out of
 * memory. */
char *mt_tree_key(const struct mt_tree *tree, uint32_t node);

/* What of it is shown. Zero-initialized: all of it. */
struct mt_tree_limits {
    size_t n;         /* the largest so many nodes, 0: all */
    size_t depth;     /* levels below the root, 0: all */
    double min_share; /* of what the shares of the column are of: 0.01 is 1 % */
};
/* Returns how many of the node's children are shown; *rest is the sum of the others, if any.
 * depth: of the children. */
size_t mt_tree_shown(const struct mt_tree *tree, uint32_t node, size_t depth,
                     const struct mt_tree_limits *limits, struct mt_row *rest);

#endif
