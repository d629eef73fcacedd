/* SPDX-License-Identifier: MIT */
/*
 * Two frames of a profile may print the same: calls of one line, an inlined function in two places.
 * Formats that merge paths by the numbers of their frames would keep them apart, and one that
 * refuses equal paths must have those of the report's rows apart; so what makes a frame is chosen by
 * the format. Each frame's number is looked up once.
 */
#include "export/frame_table.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"

static uint64_t pair(mt_string a, mt_string b) {
    return (uint64_t)a << 32 | b;
}

/* Code that was made at run time lies elsewhere each time. */
static bool has_place(const struct mt_frame_table *table, const struct mt_row_frame *frame) {
    const struct mt_profile *profile = mt_rows_profile(table->stacks->rows);
    return table->detail == MT_FRAME_EXACT &&
           (!frame->function ||
            strcmp(mt_profile_text(profile, frame->module), MT_PROFILE_JIT) != 0);
}

static struct mt_identity identity_of(const struct mt_frame_table *table,
                                      const struct mt_row_frame *frame) {
    bool has_line = frame->file && frame->line && table->detail != MT_FRAME_FUNCTION;
    struct mt_identity identity = {.tag = has_line ? MT_ID_LINE : MT_ID_FUNCTION,
                                   .a = pair(frame->function, frame->file)};
    if (mt_stacks_special(table->stacks, frame))
        return (struct mt_identity){.tag = MT_ID_LABEL, .a = frame->id};
    if (has_line)
        identity.b = (uint64_t)frame->line;
    else if (has_place(table, frame) || !frame->function)
        identity.b = frame->module_address;
    if (table->detail == MT_FRAME_EXACT || !frame->file)
        identity.c = frame->module;
    return identity;
}

bool mt_frame_table_init(struct mt_frame_table *table, const struct mt_stacks *stacks,
                         enum mt_frame_detail detail) {
    *table = (struct mt_frame_table){.stacks = stacks, .detail = detail};
    table->index_of = calloc(stacks->n_ids, sizeof *table->index_of);
    return table->index_of != NULL;
}

void mt_frame_table_free(struct mt_frame_table *table) {
    mt_identity_free(&table->ids);
    free(table->index_of);
    free(table->frames);
    *table = (struct mt_frame_table){0};
}

int64_t mt_frame_table_index(struct mt_frame_table *table, const struct mt_row_frame *frame) {
    uint32_t *known = &table->index_of[frame->id];
    if (*known)
        return *known - 1;
    int64_t index = mt_identity_id(&table->ids, identity_of(table, frame));
    if (index < 0)
        return -1;
    if ((size_t)index == table->n) {
        if (!mt_array_reserve(&table->frames, &table->capacity, table->n + 1,
                              sizeof *table->frames))
            return -1;
        table->frames[table->n++] = *frame;
    }
    *known = (uint32_t)index + 1;
    return index;
}
