/* SPDX-License-Identifier: MIT */
/*
 * A format that drops what has no call path has other totals than the report. So a row is never
 * without a frame: there are three that stand for what is missing, with ids of their own behind
 * those of the rows.
 */
#include "export/stacks.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

void mt_stacks_init(struct mt_stacks *stacks, const struct mt_rows *rows) {
    *stacks =
        (struct mt_stacks){.rows = rows, .n_ids = mt_rows_n_frames(rows) + (size_t)MT_STACKS_N};
}

void mt_stacks_free(struct mt_stacks *stacks) {
    free(stacks->frames);
    *stacks = (struct mt_stacks){0};
}

static void add_special(struct mt_stacks *stacks, enum mt_stacks_special special) {
    stacks->frames[stacks->n++] = (struct mt_row_frame){
        .function_offset = UINT64_MAX,
        .id = (uint32_t)(mt_rows_n_frames(stacks->rows) + (size_t)special),
    };
}

bool mt_stacks_read(struct mt_stacks *stacks, const struct mt_row *row) {
    bool truncated;
    size_t n = mt_rows_stack(stacks->rows, row, NULL, 0, &truncated);
    if (!mt_array_reserve(&stacks->frames, &stacks->capacity, n + 1, sizeof *stacks->frames))
        return false;
    stacks->n = mt_rows_stack(stacks->rows, row, stacks->frames, n, &truncated);
    if (n == 0)
        add_special(stacks, mt_rows_profile(stacks->rows)->samples[row->sample].lossy
                                ? MT_STACKS_LOSSY
                                : MT_STACKS_UNKNOWN);
    else if (truncated)
        add_special(stacks, MT_STACKS_TRUNCATED);
    return true;
}

const char *mt_stacks_special(const struct mt_stacks *stacks, const struct mt_row_frame *frame) {
    static const char *const names[MT_STACKS_N] = {"[lossy]", "[unknown]", "[truncated]"};
    size_t n = mt_rows_n_frames(stacks->rows);
    return frame->id < n ? NULL : names[frame->id - n];
}

char *mt_stacks_function(const struct mt_stacks *stacks, const struct mt_row_frame *frame) {
    const struct mt_profile *profile = mt_rows_profile(stacks->rows);
    const char *special = mt_stacks_special(stacks, frame);
    const char *function = mt_profile_text(profile, frame->function);
    if (special || *function)
        return strdup(special ? special : function);
    struct mt_row_frame nameless = *frame;
    nameless.line = 0; /* what it is called without a line: by its module */
    return mt_rows_key_of_frame(profile, nameless.module ? &nameless : frame);
}
