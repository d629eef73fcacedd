/* SPDX-License-Identifier: MIT */
/*
 * A call path, frame by frame.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "page/core/core.h"
#include "page/core/rows.h"
#include "view/format/format.h"

uint32_t mt_core_path_of(struct mt_core_path *path, const struct mt_rows *rows,
                         const struct mt_row *row) {
    path->n = mt_rows_stack(rows, row, NULL, 0, &path->truncated);
    if (!mt_array_reserve(&path->frames, &path->capacity, path->n + 1, sizeof *path->frames))
        return 0;
    mt_rows_stack(rows, row, path->frames, path->n, &path->truncated);
    path->n_missing = path->truncated ? mt_rows_missing(rows, row) : 0;
    return (uint32_t)path->n + path->truncated;
}

static const char *put(char **kept, const char *raw) {
    free(*kept);
    *kept = mt_format_utf8(raw);
    return *kept ? *kept : "";
}

const struct mt_core_frame *mt_core_path_put(struct mt_core_path *path,
                                             const struct mt_profile *profile,
                                             const struct mt_row_frame *frame) {
    snprintf(path->address, sizeof path->address, "0x%llx", (unsigned long long)frame->address);
    path->frame = (struct mt_core_frame){
        .line = (double)frame->line,
        .function = put(&path->function, mt_profile_text(profile, frame->function)),
        .file = put(&path->file, mt_profile_text(profile, frame->file)),
        .module = put(&path->module, mt_profile_text(profile, frame->module)),
        .address = path->address,
        .is_inlined = frame->is_inlined,
        .kind = frame->kind,
    };
    return &path->frame;
}

const struct mt_core_frame *mt_core_path_at(struct mt_core_path *path,
                                            const struct mt_profile *profile, uint32_t i) {
    if (i < path->n)
        return mt_core_path_put(path, profile, &path->frames[i]);
    path->frame = (struct mt_core_frame){
        .function = "[truncated]",
        .file = "",
        .module = "",
        .address = "0x0",
        .kind = MT_FRAME_SYSTEM,
        .n_missing = path->n_missing,
    };
    return &path->frame;
}

bool mt_core_path_is(struct mt_core_same *same, const struct mt_profile *profile, mt_string text,
                     const char *name) {
    if (same->profile != profile || same->text != text) {
        char *shown = mt_format_utf8(mt_profile_text(profile, text));
        *same = (struct mt_core_same){profile, text, shown && strcmp(shown, name) == 0};
        free(shown);
    }
    return same->is_same;
}

void mt_core_path_free(struct mt_core_path *path) {
    free(path->frames);
    free(path->function);
    free(path->file);
    free(path->module);
}
