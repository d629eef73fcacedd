/* SPDX-License-Identifier: MIT */
/*
 * The frames of an export as a table: a format that lists them once and refers to them by number.
 * Private to lib/export.
 */
#ifndef MT_EXPORT_FRAME_TABLE_H
#define MT_EXPORT_FRAME_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "export/stacks.h"
#include "view/rows/identity.h"

/* Which frames are one. */
enum mt_frame_detail {
    MT_FRAME_EXACT,    /* as in call paths: by function and line, without a line by address */
    MT_FRAME_LINE,     /* by function and line, without a line by module */
    MT_FRAME_FUNCTION, /* by function and file, without a file by module */
};

struct mt_frame_table {
    const struct mt_stacks *stacks;
    enum mt_frame_detail detail;
    struct mt_identities ids;
    uint32_t *index_of;          /* by id of the frame, + 1 */
    struct mt_row_frame *frames; /* the first one of each number */
    size_t n, capacity;
};

/* Returns false when out of memory; it is to be freed all the same. */
bool mt_frame_table_init(struct mt_frame_table *table, const struct mt_stacks *stacks,
                         enum mt_frame_detail detail);
void mt_frame_table_free(struct mt_frame_table *table);
/* Returns the number of a frame of the stacks; numbers are given in the order in which frames are
 * asked for. -1: out of memory. */
int64_t mt_frame_table_index(struct mt_frame_table *table, const struct mt_row_frame *frame);

#endif
