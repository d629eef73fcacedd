/* SPDX-License-Identifier: MIT */
/*
 * A format that drops what has no call path has other totals than the report. So a row is never
 * without a frame: there are three that stand for what is missing, with ids of their own behind
 * those of the rows. Ends of which it is known how many frames they lack follow these: paths that
 * keep equal frames at different depths are different ones, here as in the report.
 */
#include "export/stacks.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

static int by_missing(const void *a, const void *b) {
    uint32_t x = ((const struct mt_stacks_cut *)a)->missing,
             y = ((const struct mt_stacks_cut *)b)->missing;
    return x < y ? -1 : x > y;
}

/* Lists the ends that are told apart, each once: few, since they are rounded. */
static void list_cuts(struct mt_stacks *stacks) {
    size_t n_rows = mt_rows_count(stacks->rows), n = 0, kept = 0;
    struct mt_stacks_cut *cuts = NULL;
    for (size_t i = 0, capacity = 0; i < n_rows; i++) {
        uint32_t missing = mt_rows_missing(stacks->rows, mt_rows_at(stacks->rows, i));
        if (!missing || (n && cuts[n - 1].missing == missing))
            continue;
        if (!mt_array_reserve(&cuts, &capacity, n + 1, sizeof *cuts))
            break;
        cuts[n++].missing = missing;
    }
    if (n)
        qsort(cuts, n, sizeof *cuts, by_missing);
    for (size_t i = 0; i < n; i++)
        if (!kept || cuts[kept - 1].missing != cuts[i].missing) {
            cuts[kept].missing = cuts[i].missing;
            mt_rows_missing_text(cuts[kept].name, cuts[kept].missing, "…");
            kept++;
        }
    stacks->cuts = cuts;
    stacks->n_cuts = kept;
}

void mt_stacks_init(struct mt_stacks *stacks, const struct mt_rows *rows) {
    *stacks = (struct mt_stacks){.rows = rows};
    list_cuts(stacks);
    stacks->n_ids = mt_rows_n_frames(rows) + (size_t)MT_STACKS_N + stacks->n_cuts;
}

void mt_stacks_free(struct mt_stacks *stacks) {
    free(stacks->frames);
    free(stacks->cuts);
    *stacks = (struct mt_stacks){0};
}

/* Returns which special frame stands for the end of a row's path. */
static size_t cut_of(const struct mt_stacks *stacks, const struct mt_row *row) {
    const struct mt_stacks_cut wanted = {.missing = mt_rows_missing(stacks->rows, row)},
                               *cut = stacks->n_cuts
                                          ? bsearch(&wanted, stacks->cuts, stacks->n_cuts,
                                                    sizeof wanted, by_missing)
                                          : NULL;
    return cut ? MT_STACKS_N + (size_t)(cut - stacks->cuts) : MT_STACKS_TRUNCATED;
}

static void add_special(struct mt_stacks *stacks, size_t special) {
    stacks->frames[stacks->n++] = (struct mt_row_frame){
        .function_offset = UINT64_MAX,
        .id = (uint32_t)(mt_rows_n_frames(stacks->rows) + special),
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
        add_special(stacks, cut_of(stacks, row));
    return true;
}

const char *mt_stacks_special(const struct mt_stacks *stacks, const struct mt_row_frame *frame) {
    static const char *const names[MT_STACKS_N] = {"[lossy]", "[unknown]", "[truncated]"};
    size_t n = mt_rows_n_frames(stacks->rows);
    if (frame->id < n)
        return NULL;
    size_t special = frame->id - n;
    return special < MT_STACKS_N ? names[special] : stacks->cuts[special - MT_STACKS_N].name;
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
