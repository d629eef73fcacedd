/* SPDX-License-Identifier: MIT */
/* The heap trees of massif's file: what was live at a moment, from the frames that are charged to
 * their callers. Private to lib/export. */
#ifndef MT_EXPORT_MASSIF_TREE_H
#define MT_EXPORT_MASSIF_TREE_H

#include <stdbool.h>
#include <stdio.h>

#include "export/frame_table.h"

struct mt_massif_tree {
    size_t n_rows;
    struct mt_stacks stacks;
    struct mt_frame_table frames;
    char **labels;   /* of the frames, once they have been made */
    uint32_t *paths; /* numbers of frames of all rows, one row after the other */
    size_t *first;   /* of each row in paths; n_rows + 1 of them */
    uint32_t *order; /* rows, as the tree that is being written has them */
};

/* Reads the paths of the first n rows. Returns false when out of memory; to be freed all the same. */
bool mt_massif_tree_init(struct mt_massif_tree *tree, const struct mt_rows *rows, size_t n);
void mt_massif_tree_free(struct mt_massif_tree *tree);

/* Writes the tree of a moment at which each row had so many bytes; one that had none, or less, is
 * not in it. Returns false when out of memory. */
bool mt_massif_tree_put(struct mt_massif_tree *tree, FILE *stream, const int64_t *bytes);

/* Writes text as a line of the file can hold it. Returns false when out of memory. */
bool mt_massif_tree_put_text(FILE *stream, const char *raw);

#endif
