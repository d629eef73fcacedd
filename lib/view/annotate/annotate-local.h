/* SPDX-License-Identifier: MIT */
/* Which source files, and which of their lines, are asked for. Private to lib/view/annotate. */
#ifndef MT_VIEW_ANNOTATE_LOCAL_H
#define MT_VIEW_ANNOTATE_LOCAL_H

#include "view/annotate/annotate.h"

struct mt_annotate_chosen {
    mt_string file;
    size_t first_range, n_ranges;
};
struct mt_annotate_choice {
    bool is_all;                      /* every file, in full */
    struct mt_annotate_chosen *files; /* by file */
    size_t n;
};

/* Finds what request->source asks for among the rows of *out, and sets its ranges and function.
 * Errors are those of mt_annotate_build. choice->files is the caller's to free. */
int mt_annotate_choose(const struct mt_annotate_request *request, struct mt_annotate *out,
                       struct mt_annotate_choice *choice, struct mt_error *error);

/* Finds the scopes of all lines. Returns 0 or -MEMTRACK_ENOMEM. */
int mt_annotate_scopes_find(struct mt_annotate *annotate);

/* Returns what was chosen of a file, or NULL when it was not. */
const struct mt_annotate_chosen *mt_annotate_choose_find(const struct mt_annotate_choice *choice,
                                                         mt_string file);

#endif
