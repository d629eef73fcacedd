/* SPDX-License-Identifier: MIT */
/* The files are those of the rows that will be printed, and not of the whole profile: with rows of
 * one folder of a big project the rest of it need not be named in each. */
#include "text/roots.h"

#include <stdlib.h>

#include "base/array.h"
#include "view/format/format.h"
#include "view/rows/wrappers.h"

enum { MOST_FRAMES = 64 };

static void add_file(struct mt_roots *roots, const struct mt_labels *labels, mt_string file) {
    struct mt_labels bare = *labels;
    bare.root = NULL; /* the one that was chosen before */
    const char *path = mt_label_relative(&bare, mt_profile_text(labels->profile, file));
    if (file && mt_array_grow(&roots->files, roots->n, sizeof *roots->files))
        roots->files[roots->n++] = path;
}

void mt_roots_add(struct mt_roots *roots, const struct mt_labels *labels,
                  const struct mt_rows *rows, const struct mt_row *row) {
    struct mt_row_frame frames[MOST_FRAMES];
    bool truncated, is_path = mt_rows_options(rows)->by == MT_BY_STACK;
    if (mt_rows_options(rows)->by == MT_BY_MODULE)
        return;
    size_t n = is_path ? mt_rows_stack(rows, row, frames, MOST_FRAMES, &truncated)
                       : mt_rows_frame(rows, row, frames);
    for (size_t i = 0; i < n && i < MOST_FRAMES; i++)
        if (i == 0 || frames[i].kind == MT_FRAME_USER) /* what is charged is asked about */
            add_file(roots, labels, frames[i].file);
}

void mt_roots_choose(struct mt_roots *roots, struct mt_labels *labels) {
    free(labels->root);
    labels->root = labels->full ? NULL : mt_format_folder_common(roots->files, roots->n);
    free(roots->files);
    *roots = (struct mt_roots){0};
}
