/* SPDX-License-Identifier: MIT */
/*
 * A tree out of rows by stack: each path is walked from the root, and its figures are added to each
 * node on the way.
 *
 *   paths     a ◄ b ◄ main  5        main 12 ─┬─ b 8 ─┬─ a 5
 *             c ◄ b ◄ main  3   ─►            │       └─ c 3
 *             d ◄ main      4                 └─ d 4
 *
 * A node is found by its parent and by what its frame is grouped under (rows/identity.h), in a
 * table of pairs: the number of the pair is the number of the node. The children of a node lie
 * beside each other in one array that is sorted at the end. Cost: a look-up for each frame of each
 * path, and about 200 bytes a node.
 */
#include "view/tree/tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/saturate.h"
#include "view/rows/identity.h"
#include "view/rows/outer.h"
#include "view/rows/rows-local.h"

struct mt_tree {
    const struct mt_rows *rows;
    struct mt_tree_options options;
    struct mt_tree_node *nodes;
    size_t n, capacity;
    uint32_t *children; /* n - 1 nodes, those of one parent together */
    uint32_t *first;    /* per node, n + 1: into children */
};

struct builder {
    struct mt_tree *tree;
    struct mt_identities groups, pairs;
    struct mt_row_frame *frames;
    size_t n_frames;
};

static int out_of_memory(struct mt_error *error) {
    return mt_error_set(error, MEMTRACK_ENOMEM,
                        "Close other programs, or narrow the tree with --include.",
                        "out of memory while building the tree");
}

/* ---- adding paths ---------------------------------------------------------------------------- */

static bool append(struct mt_tree *tree, uint32_t parent, uint32_t row,
                   const struct mt_row_frame *frame) {
    if (!mt_array_reserve(&tree->nodes, &tree->capacity, tree->n + 1, sizeof *tree->nodes))
        return false;
    struct mt_tree_node *node = &tree->nodes[tree->n++];
    *node = (struct mt_tree_node){.row = row, .parent = parent, .has_frame = frame != NULL};
    if (frame)
        node->frame = *frame;
    return true;
}

static void count(struct mt_tree_node *node, const struct mt_row *row, enum mt_value sort) {
    for (size_t v = 0; v < MT_N_VALUES; v++)
        mt_saturate_add(&node->value[v], row->value[v]);
    mt_saturate_add(&node->gross, mt_saturate_signed(mt_saturate_magnitude(row->value[sort])));
    node->n_sites += row->n_sites;
}

/* Goes from a node to its child. Returns the child, which is made when it is new; 0: no memory. */
static uint32_t step(struct builder *b, uint32_t parent, uint32_t row,
                     const struct mt_row_frame *frame) {
    struct mt_tree *tree = b->tree;
    const struct mt_rows *rows = tree->rows;
    struct mt_identity what =
        frame ? mt_identity_of_entry(&rows->frames, frame->id, tree->options.by)
              : mt_identity_of_nothing(&rows->profile->samples[rows->items[row].sample]);
    int64_t group = mt_identity_id(&b->groups, what);
    if (group < 0)
        return 0;
    int64_t pair = mt_identity_id(
        &b->pairs, (struct mt_identity){.tag = MT_ID_PAIR, .a = parent, .b = (uint64_t)group});
    if (pair < 0 || pair >= UINT32_MAX - 1)
        return 0;
    uint32_t node = (uint32_t)pair + 1;
    return node < tree->n || append(tree, parent, row, frame) ? node : 0;
}

/* A path that lacks so many frames ends at this node. */
static void note_missing(struct mt_tree_node *node, uint32_t missing) {
    node->missing_varies |= node->missing && node->missing != missing;
    if (!node->missing || missing < node->missing)
        node->missing = missing;
}

static bool walk(struct builder *b, uint32_t r, size_t n, uint32_t missing) {
    struct mt_tree *tree = b->tree;
    const struct mt_row *row = &tree->rows->items[r];
    size_t outermost = tree->options.inverted ? n - 1 : 0;
    uint32_t node = 0;
    count(&tree->nodes[0], row, tree->options.sort);
    for (size_t i = 0; i < (n ? n : 1); i++) {
        const struct mt_row_frame *frame =
            n ? &b->frames[tree->options.inverted ? i : n - 1 - i] : NULL;
        node = step(b, node, r, frame);
        if (!node)
            return false;
        count(&tree->nodes[node], row, tree->options.sort);
        if (missing && i == outermost)
            note_missing(&tree->nodes[node], missing);
    }
    return true;
}

static bool add_row(struct builder *b, uint32_t r) {
    const struct mt_rows *rows = b->tree->rows;
    const struct mt_row *row = &rows->items[r];
    bool truncated;
    size_t n = mt_rows_stack(rows, row, NULL, 0, &truncated);
    if (!mt_array_reserve(&b->frames, &b->n_frames, n + 1, sizeof *b->frames))
        return false;
    mt_rows_stack(rows, row, b->frames, n, &truncated);
    if (!b->tree->options.full_stacks)
        n = mt_rows_outer_end(rows->profile, b->frames, n, truncated);
    return walk(b, r, n, truncated ? mt_rows_missing(rows, row) : 0);
}

/* ---- the order of children ------------------------------------------------------------------- */

static int compare(const void *left, const void *right, void *context) {
    const struct mt_tree *tree = context;
    uint32_t x = *(const uint32_t *)left, y = *(const uint32_t *)right;
    uint64_t a = mt_saturate_magnitude(tree->nodes[x].value[tree->options.sort]),
             b = mt_saturate_magnitude(tree->nodes[y].value[tree->options.sort]);
    if (a != b)
        return a < b ? 1 : -1;
    return x < y ? -1 : x > y;
}

/* Puts the nodes behind each other by their parents, and sorts those of each. */
static bool order(struct mt_tree *tree) {
    tree->first = calloc(tree->n + 2, sizeof *tree->first);
    tree->children = calloc(tree->n + 1, sizeof *tree->children);
    if (!tree->first || !tree->children)
        return false;
    /* first[p + 1] is where the next child of p goes, and in the end where p's children end */
    for (size_t i = 1; i < tree->n; i++)
        tree->first[tree->nodes[i].parent + 2]++;
    for (size_t i = 2; i < tree->n + 2; i++)
        tree->first[i] += tree->first[i - 1];
    for (size_t i = 1; i < tree->n; i++)
        tree->children[tree->first[tree->nodes[i].parent + 1]++] = (uint32_t)i;
    for (size_t i = 0; i < tree->n; i++)
        qsort_r(tree->children + tree->first[i], tree->first[i + 1] - tree->first[i],
                sizeof *tree->children, compare, tree);
    return true;
}

/* A node is never larger than the one that it hangs from, and was made later: so those of the first
 * ranks are a tree. */
static bool rank(struct mt_tree *tree) {
    uint32_t *ids = malloc((tree->n + 1) * sizeof *ids);
    for (size_t i = 0; ids && i < tree->n; i++)
        ids[i] = (uint32_t)i;
    if (ids && tree->n > 2)
        qsort_r(ids + 1, tree->n - 1, sizeof *ids, compare, tree);
    for (size_t i = 1; ids && i < tree->n; i++)
        tree->nodes[ids[i]].rank = (uint32_t)i - 1;
    free(ids);
    return ids != NULL;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static bool fill(struct builder *b) {
    bool done = append(b->tree, 0, UINT32_MAX, NULL);
    for (uint32_t r = 0; r < b->tree->rows->n && done; r++)
        done = add_row(b, r);
    return done && order(b->tree) && rank(b->tree);
}

int mt_tree_build(const struct mt_rows *rows, const struct mt_tree_options *options,
                  struct mt_tree **out, struct mt_error *error) {
    *out = NULL;
    if (rows->options.by != MT_BY_STACK || !mt_group_by_is_frame(options->by))
        return mt_error_set(error, MEMTRACK_EUSAGE, "Use --by line, function, file or module.",
                            "a tree is of the frames of call paths: it does not go with --by %s",
                            mt_group_by_name(options->by));
    struct mt_tree *tree = calloc(1, sizeof *tree);
    struct builder b = {.tree = tree};
    if (!tree)
        return out_of_memory(error);
    tree->rows = rows;
    tree->options = *options;
    bool done = fill(&b);
    mt_identity_free(&b.groups);
    mt_identity_free(&b.pairs);
    free(b.frames);
    if (!done) {
        mt_tree_free(tree);
        return out_of_memory(error);
    }
    *out = tree;
    return 0;
}

void mt_tree_free(struct mt_tree *tree) {
    if (!tree)
        return;
    free(tree->nodes);
    free(tree->children);
    free(tree->first);
    free(tree);
}

/* ---- what can be asked ----------------------------------------------------------------------- */

const struct mt_tree_options *mt_tree_options(const struct mt_tree *tree) {
    return &tree->options;
}

const struct mt_rows *mt_tree_rows(const struct mt_tree *tree) {
    return tree->rows;
}

const struct mt_tree_node *mt_tree_node(const struct mt_tree *tree, uint32_t node) {
    return &tree->nodes[node];
}

const uint32_t *mt_tree_children(const struct mt_tree *tree, uint32_t node, size_t *n) {
    *n = tree->first[node + 1] - tree->first[node];
    return tree->children + tree->first[node];
}

/* Returns the text, or what rows are called that have none. */
static char *key_or_module(const struct mt_profile *profile, const char *text,
                           const char *before_module, mt_string of) {
    const char *module = basename(mt_profile_text(profile, of));
    char *key = NULL;
    if (*text || !*module)
        return strdup(*text ? text : "[unknown]");
    return asprintf(&key, "%s(%s)", before_module, module) < 0 ? NULL : key;
}

char *mt_tree_key(const struct mt_tree *tree, uint32_t node) {
    const struct mt_tree_node *n = &tree->nodes[node];
    const struct mt_profile *profile = tree->rows->profile;
    if (node == 0)
        return strdup("");
    if (!n->has_frame)
        return strdup(profile->samples[tree->rows->items[n->row].sample].lossy ? "[lossy]"
                                                                               : "[unknown]");
    switch (tree->options.by) {
    case MT_BY_FUNCTION:
        return key_or_module(profile, mt_profile_text(profile, n->frame.function), "[unknown] ",
                             n->frame.module);
    case MT_BY_FILE:
        return key_or_module(profile, mt_profile_text(profile, n->frame.file), "", n->frame.module);
    case MT_BY_MODULE:
        return key_or_module(profile, mt_profile_text(profile, n->frame.module), "", 0);
    default:
        return mt_rows_key_of_frame(profile, &n->frame);
    }
}

size_t mt_tree_shown(const struct mt_tree *tree, uint32_t node, size_t depth,
                     const struct mt_tree_limits *limits, struct mt_row *rest) {
    size_t n, shown = 0;
    const uint32_t *children = mt_tree_children(tree, node, &n);
    double least = limits->min_share * (double)mt_rows_whole(tree->rows, tree->options.sort);
    *rest = (struct mt_row){.sample = UINT32_MAX, .entry = MT_NO_ENTRY};
    while (shown < n && (!limits->n || tree->nodes[children[shown]].rank < limits->n) &&
           (!limits->depth || depth <= limits->depth)) {
        int64_t value = tree->nodes[children[shown]].value[tree->options.sort];
        if ((double)mt_saturate_magnitude(value) < least)
            break;
        shown++;
    }
    for (size_t i = shown; i < n; i++) {
        for (size_t v = 0; v < MT_N_VALUES; v++)
            mt_saturate_add(&rest->value[v], tree->nodes[children[i]].value[v]);
        rest->n_sites += tree->nodes[children[i]].n_sites;
    }
    return shown;
}
