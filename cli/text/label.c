/* SPDX-License-Identifier: MIT */
/*
 * Escaping comes before shortening: an escape may be longer than what it stands for, and half of
 * one is no escape. What a reader needs last goes first: directories above the program's own,
 * parameters, the middle of a path.
 */
#include "text/label.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "view/format/format.h"

enum { MIN_FUNCTION = 8 };

const char *mt_label_relative(const struct mt_labels *labels, const char *path) {
    for (size_t i = 0; i < sizeof labels->folders / sizeof *labels->folders; i++) {
        size_t bytes = strlen(labels->folders[i]);
        if (bytes > 1 && strncmp(path, labels->folders[i], bytes) == 0 && path[bytes] == '/')
            return path + bytes + 1;
    }
    return path;
}

char *mt_label_fit(const struct mt_labels *labels, const char *text, size_t columns,
                   mt_shorten *shorten) {
    char *visible = mt_format_visible(text, labels->utf8);
    if (!visible || labels->full)
        return visible;
    char *shortened = shorten(visible, columns, labels->ellipsis);
    free(visible);
    return shortened;
}

char *mt_label_place(const struct mt_labels *labels, const struct mt_row_frame *frame,
                     size_t columns) {
    const char *function = mt_profile_text(labels->profile, frame->function);
    char *key = mt_rows_key_of_frame(labels->profile, frame), *place = NULL;
    if (!key)
        return NULL;
    bool has_line = frame->file && frame->line;
    size_t bytes = strlen(function);
    const char *rest = !has_line && bytes && strncmp(key, function, bytes) == 0 ? key + bytes : "";
    size_t taken = mt_format_width(rest);
    if (*rest && taken + MIN_FUNCTION <= columns) {
        char *name = mt_label_fit(labels, function, columns - taken, mt_format_shorten_function);
        if (name && asprintf(&place, "%s%s", name, rest) < 0)
            place = NULL;
        free(name);
    } else {
        place = mt_label_fit(labels, mt_label_relative(labels, key), columns,
                             has_line ? mt_format_shorten_path : mt_format_shorten_function);
    }
    free(key);
    return place;
}
