/* SPDX-License-Identifier: MIT */
/*
 *   n2: 3000 (heap allocation functions) malloc/new/new[], --alloc-fns, etc.
 *    n1: 2000 0x401136: parse (/src/a.c:12)
 *     n0: 2000 0x401200: main (/src/main.c:3)
 *    n0: 1000 in 7 places, all below massif's threshold (1.00%)
 *
 * A node is a range of the rows: those whose paths begin with the frames from it up. To find its
 * children the range is sorted by the next frame, so that there is no tree but the one that is
 * written, and what lies below the threshold is not looked at any further. Nodes that are to be
 * written wait on a stack of our own, since paths are as deep as a recursion was. massif's own
 * bounds are kept: branches below 1 % are summed, and there are 200 levels.
 *
 * A '#' begins a comment in the file, wherever it is: it is spelt out, as control characters are.
 */
#include "export/massif_tree.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/saturate.h"
#include "export/frame_text.h"
#include "view/format/format.h"

enum { MOST_LEVELS = 200, THRESHOLD = 100 /* one part of so many */ };

bool mt_massif_tree_put_text(FILE *stream, const char *raw) {
    char *text = mt_format_visible(raw, true);
    for (const char *c = text; c && *c; c++)
        if (*c == '#')
            fputs("\\x23", stream);
        else
            putc(*c, stream);
    free(text);
    return text != NULL;
}

/* ---- paths ----------------------------------------------------------------------------------- */

static bool read_path(struct mt_massif_tree *tree, size_t row, size_t *capacity) {
    size_t first = tree->first[row];
    if (!mt_stacks_read(&tree->stacks, mt_rows_at(tree->stacks.rows, row)) ||
        !mt_array_reserve(&tree->paths, capacity, first + tree->stacks.n, sizeof *tree->paths))
        return false;
    for (size_t i = 0; i < tree->stacks.n; i++) {
        int64_t index = mt_frame_table_index(&tree->frames, &tree->stacks.frames[i]);
        if (index < 0)
            return false;
        tree->paths[first + i] = (uint32_t)index;
    }
    tree->first[row + 1] = first + tree->stacks.n;
    return true;
}

bool mt_massif_tree_init(struct mt_massif_tree *tree, const struct mt_rows *rows, size_t n) {
    size_t capacity = 0;
    *tree = (struct mt_massif_tree){.n_rows = n};
    mt_stacks_init(&tree->stacks, rows);
    tree->first = calloc(n + 1, sizeof *tree->first);
    tree->order = calloc(n + 1, sizeof *tree->order);
    bool done = tree->first && tree->order &&
                mt_frame_table_init(&tree->frames, &tree->stacks, MT_FRAME_EXACT);
    for (size_t i = 0; done && i < n; i++)
        done = read_path(tree, i, &capacity);
    if (done)
        tree->labels = calloc(tree->frames.n + 1, sizeof *tree->labels);
    return tree->labels != NULL;
}

void mt_massif_tree_free(struct mt_massif_tree *tree) {
    for (size_t i = 0; tree->labels && i < tree->frames.n; i++)
        free(tree->labels[i]);
    free(tree->labels);
    free(tree->paths);
    free(tree->first);
    free(tree->order);
    mt_frame_table_free(&tree->frames);
    mt_stacks_free(&tree->stacks);
    *tree = (struct mt_massif_tree){0};
}

/* ---- nodes ----------------------------------------------------------------------------------- */

struct node {
    size_t begin, end; /* of order; of what is below the threshold: how many there are, in end */
    size_t level;      /* frames that its paths have in common; 0: the root */
    int64_t bytes;
    bool is_rest;
};

struct writer {
    struct mt_massif_tree *tree;
    FILE *stream;
    const int64_t *bytes;
    int64_t least; /* of a branch that is written */
    struct node *waiting;
    size_t n, capacity;
};

/* Returns the row's frame of a level, UINT32_MAX: the path ends before it. */
static uint32_t frame_at(const struct mt_massif_tree *tree, uint32_t row, size_t level) {
    size_t at = tree->first[row] + level;
    return at < tree->first[row + 1] ? tree->paths[at] : UINT32_MAX;
}

struct order {
    const struct mt_massif_tree *tree;
    size_t level;
};

static int by_frame(const void *a, const void *b, void *context) {
    const struct order *order = context;
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    uint32_t frame_x = frame_at(order->tree, x, order->level),
             frame_y = frame_at(order->tree, y, order->level);
    if (frame_x != frame_y)
        return frame_x < frame_y ? -1 : 1;
    return x < y ? -1 : x > y;
}

static int by_bytes(const void *a, const void *b) {
    const struct node *x = a, *y = b;
    if (x->bytes != y->bytes)
        return x->bytes < y->bytes ? -1 : 1;
    return x->begin > y->begin ? -1 : x->begin < y->begin;
}

static bool wait(struct writer *w, struct node node) {
    if (!mt_array_reserve(&w->waiting, &w->capacity, w->n + 1, sizeof *w->waiting))
        return false;
    w->waiting[w->n++] = node;
    return true;
}

/* Finds the next child of a node from row at on. */
static struct node next_child(const struct writer *w, const struct node *node, size_t at) {
    const uint32_t *order = w->tree->order;
    struct node child = {.begin = at, .end = at, .level = node->level + 1};
    uint32_t frame = frame_at(w->tree, order[at], node->level);
    while (child.end < node->end && frame_at(w->tree, order[child.end], node->level) == frame)
        mt_saturate_add(&child.bytes, w->bytes[order[child.end++]]);
    return child;
}

/* Puts the children of a node on the stack, the largest on top. Returns how many there are, or -1
 * when out of memory. */
static int64_t add_children(struct writer *w, const struct node *node) {
    struct order order = {w->tree, node->level};
    struct node rest = {.is_rest = true, .level = node->level + 1};
    size_t before = w->n;
    if (node->level == MOST_LEVELS)
        return 0;
    qsort_r(w->tree->order + node->begin, node->end - node->begin, sizeof *w->tree->order, by_frame,
            &order);
    for (size_t at = node->begin; at < node->end;) {
        struct node child = next_child(w, node, at);
        bool has_ended = frame_at(w->tree, w->tree->order[at], node->level) == UINT32_MAX;
        at = child.end;
        if (has_ended)
            continue;
        if (child.bytes >= w->least) {
            if (!wait(w, child))
                return -1;
        } else {
            rest.end++;
            mt_saturate_add(&rest.bytes, child.bytes);
        }
    }
    if (rest.end && !wait(w, rest))
        return -1;
    if (w->n > before + 1)
        qsort(w->waiting + before, w->n - before, sizeof *w->waiting, by_bytes);
    return (int64_t)(w->n - before);
}

static bool put_label(struct writer *w, const struct node *node) {
    struct mt_massif_tree *tree = w->tree;
    uint32_t frame = frame_at(tree, tree->order[node->begin], node->level - 1);
    if (!tree->labels[frame])
        tree->labels[frame] = mt_frame_text_make(&tree->stacks, &tree->frames.frames[frame]);
    return tree->labels[frame] && mt_massif_tree_put_text(w->stream, tree->labels[frame]);
}

static bool put_node(struct writer *w, const struct node *node) {
    fprintf(w->stream, "%*s", (int)node->level, "");
    if (node->is_rest) {
        bool is_one = node->end == 1;
        fprintf(w->stream, "n0: %" PRId64 " in %zu place%s, %sbelow massif's threshold (1.00%%)\n",
                node->bytes, node->end, is_one ? "" : "s", is_one ? "" : "all ");
        return true;
    }
    int64_t n = add_children(w, node);
    fprintf(w->stream, "n%" PRId64 ": %" PRId64 " ", n, node->bytes);
    bool done = n >= 0;
    if (node->level == 0)
        fputs("(heap allocation functions) malloc/new/new[], --alloc-fns, etc.", w->stream);
    else
        done = done && put_label(w, node);
    putc('\n', w->stream);
    return done;
}

bool mt_massif_tree_put(struct mt_massif_tree *tree, FILE *stream, const int64_t *bytes) {
    struct writer w = {.tree = tree, .stream = stream, .bytes = bytes};
    struct node root = {0};
    for (size_t i = 0; i < tree->n_rows; i++)
        if (bytes[i] > 0) {
            tree->order[root.end++] = (uint32_t)i;
            mt_saturate_add(&root.bytes, bytes[i]);
        }
    w.least = root.bytes / THRESHOLD + (root.bytes % THRESHOLD != 0);
    bool done = wait(&w, root);
    while (done && w.n) {
        struct node node = w.waiting[--w.n];
        done = put_node(&w, &node);
    }
    free(w.waiting);
    return done;
}
