/* SPDX-License-Identifier: MIT */
/*
 * The call paths of an export, one after the other: for formats that write each row with its
 * frames. Private to lib/export. What has no frame has one here that says why ("[lossy]"), and so
 * has an outer end that is missing ("[truncated] … 12 more frames"), so that no format drops a row.
 */
#ifndef MT_EXPORT_STACKS_H
#define MT_EXPORT_STACKS_H

#include <stdbool.h>
#include <stddef.h>

#include "view/rows/missing.h"
#include "view/rows/rows.h"

enum mt_stacks_special { MT_STACKS_LOSSY, MT_STACKS_UNKNOWN, MT_STACKS_TRUNCATED, MT_STACKS_N };

struct mt_stacks {
    const struct mt_rows *rows;
    size_t n_ids; /* ids of frames are below this: those of the rows, then the special ones */
    struct mt_row_frame *frames; /* of the row that was read last, the charged one first */
    size_t n;
    size_t capacity; /* private, as what follows */
    struct mt_stacks_cut {
        uint32_t missing; /* frames */
        char name[MT_ROWS_MISSING_BYTES];
    } * cuts; /* by missing: the ends that are told apart */
    size_t n_cuts;
};

/* Rows must be by stack. Without memory a cut end is "[truncated]", whatever is missing. */
void mt_stacks_init(struct mt_stacks *stacks, const struct mt_rows *rows);
void mt_stacks_free(struct mt_stacks *stacks);
/* Reads the frames of a row, at least one. Returns false when out of memory. */
bool mt_stacks_read(struct mt_stacks *stacks, const struct mt_row *row);

/* Returns "[lossy]" or the like for a frame that is none, else NULL. */
const char *mt_stacks_special(const struct mt_stacks *stacks, const struct mt_row_frame *frame);
/* Returns the function's name, or what else is known: "0x1234 (module)", "[lossy]". malloc'ed; NULL:
 * out of memory. */
char *mt_stacks_function(const struct mt_stacks *stacks, const struct mt_row_frame *frame);

#endif
