/* SPDX-License-Identifier: MIT */
/*
 * Nodes are numbered as they are met, and found by (parent, frame), in a table of their numbers whose
 * keys are the nodes themselves: that is looked up for each frame of each path. Then they are put into
 * pre-order, with siblings in the order in which they were met, by sizes alone: parents have lower
 * numbers than their children, so one pass backwards adds up the sizes of branches, and one pass
 * forwards gives each node its place, behind its parent and its elder siblings' branches. No
 * recursion: paths are as deep as somebody's file says.
 */
#include "export/path_tree.h"

#include <stdlib.h>

#include "base/array.h"
#include "base/hash.h"

enum { FIRST_SLOTS = 1024 };

struct builder {
    struct mt_path_tree *tree;
    uint32_t *slots; /* a node + 1; 0: free */
    size_t mask, capacity;
    uint8_t *is_seen; /* per id of a frame */
    mt_path_tree_seen *seen;
    void *context;
};

/* Returns the slot of a node, which is free when there is none. */
static size_t slot_of(const struct builder *b, uint32_t parent, uint32_t frame) {
    size_t slot = (size_t)mt_hash_mix(0, (uint64_t)parent << 32 | frame) & b->mask;
    for (; b->slots[slot]; slot = (slot + 1) & b->mask) {
        const struct mt_path_node *node = &b->tree->nodes[b->slots[slot] - 1];
        if (node->parent == parent && node->frame == frame)
            break;
    }
    return slot;
}

/* Half of the slots stay free. */
static bool make_room(struct builder *b) {
    const struct mt_path_tree *tree = b->tree;
    if (b->slots && tree->n * 2 < b->mask)
        return true;
    size_t n = b->slots ? (b->mask + 1) * 2 : FIRST_SLOTS;
    uint32_t *slots = calloc(n, sizeof *slots);
    if (!slots)
        return false;
    free(b->slots);
    b->slots = slots;
    b->mask = n - 1;
    for (size_t i = 0; i < tree->n; i++)
        slots[slot_of(b, tree->nodes[i].parent, tree->nodes[i].frame)] = (uint32_t)i + 1;
    return true;
}

/* Returns the node of a frame below a node, which is made when it is new; UINT32_MAX: no memory. */
static uint32_t step(struct builder *b, uint32_t parent, uint32_t frame) {
    struct mt_path_tree *tree = b->tree;
    if (!make_room(b))
        return UINT32_MAX;
    size_t slot = slot_of(b, parent, frame);
    if (b->slots[slot])
        return b->slots[slot] - 1;
    if (tree->n >= UINT32_MAX - 1 ||
        !mt_array_reserve(&tree->nodes, &b->capacity, tree->n + 1, sizeof *tree->nodes))
        return UINT32_MAX;
    tree->nodes[tree->n++] = (struct mt_path_node){.frame = frame, .parent = parent};
    b->slots[slot] = (uint32_t)tree->n;
    return b->slots[slot] - 1;
}

static bool add_row(struct builder *b, struct mt_stacks *stacks, size_t r) {
    uint32_t node = UINT32_MAX;
    if (!mt_stacks_read(stacks, mt_rows_at(stacks->rows, r)))
        return false;
    for (size_t i = stacks->n; i-- > 0;) {
        const struct mt_row_frame *frame = &stacks->frames[i];
        if (!b->is_seen[frame->id] && !b->seen(b->context, frame))
            return false;
        b->is_seen[frame->id] = 1;
        node = step(b, node, frame->id);
        if (node == UINT32_MAX)
            return false;
    }
    b->tree->leaf_of_row[r] = node;
    return true;
}

/* place: where each node goes; next: where the next child of each goes, n + 1 with that of the
 * roots at the end. */
static void find_places(const struct mt_path_tree *tree, uint32_t *place, uint32_t *next,
                        uint32_t *size) {
    size_t n = tree->n;
    for (size_t i = 0; i < n; i++)
        size[i] = 1;
    for (size_t i = n; i-- > 0;)
        if (tree->nodes[i].parent != UINT32_MAX)
            size[tree->nodes[i].parent] += size[i];
    next[n] = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t parent = tree->nodes[i].parent;
        uint32_t *at = &next[parent == UINT32_MAX ? n : parent];
        place[i] = *at;
        *at += size[i];
        next[i] = place[i] + 1;
    }
}

static bool put_in_order(struct mt_path_tree *tree, size_t n_rows) {
    size_t n = tree->n;
    uint32_t *place = malloc((n + 1) * sizeof *place), *next = malloc((n + 1) * sizeof *next),
             *size = malloc((n + 1) * sizeof *size);
    struct mt_path_node *nodes = malloc((n + 1) * sizeof *nodes);
    bool done = place && next && size && nodes;
    if (done) {
        find_places(tree, place, next, size);
        for (size_t i = 0; i < n; i++) {
            uint32_t parent = tree->nodes[i].parent;
            nodes[place[i]] =
                (struct mt_path_node){.frame = tree->nodes[i].frame,
                                      .parent = parent == UINT32_MAX ? UINT32_MAX : place[parent],
                                      .last = place[i] + size[i] - 1};
        }
        for (size_t r = 0; r < n_rows; r++)
            tree->leaf_of_row[r] = place[tree->leaf_of_row[r]];
        free(tree->nodes);
        tree->nodes = nodes;
    } else
        free(nodes);
    free(place);
    free(next);
    free(size);
    return done;
}

bool mt_path_tree_build(struct mt_path_tree *tree, struct mt_stacks *stacks, size_t n,
                        mt_path_tree_seen *seen, void *context) {
    *tree = (struct mt_path_tree){.leaf_of_row = malloc((n + 1) * sizeof *tree->leaf_of_row)};
    struct builder b = {
        .tree = tree, .is_seen = calloc(stacks->n_ids + 1, 1), .seen = seen, .context = context};
    bool done = tree->leaf_of_row && b.is_seen;
    for (size_t r = 0; r < n && done; r++)
        done = add_row(&b, stacks, r);
    free(b.is_seen);
    free(b.slots);
    return done && put_in_order(tree, n);
}

void mt_path_tree_free(struct mt_path_tree *tree) {
    free(tree->nodes);
    free(tree->leaf_of_row);
}
