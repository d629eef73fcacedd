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

static const char *without(const char *path, const char *folder) {
    size_t bytes = folder ? strlen(folder) : 0;
    return bytes > 1 && strncmp(path, folder, bytes) == 0 && path[bytes] == '/' ? path + bytes + 1
                                                                                : path;
}

const char *mt_label_relative(const struct mt_labels *labels, const char *path) {
    return without(without(path, labels->folder), labels->root);
}

bool mt_label_is_program(const struct mt_profile *profile, mt_string module) {
    mt_string program = profile->info.exe         ? profile->info.exe
                        : profile->n_mappings > 0 ? profile->mappings[0].path
                                                  : 0;
    return module && module == program;
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

/* Returns "src/a.c:12", "function+0x1f", "function+0x1f (module)", ... in full. */
static char *place_key(const struct mt_labels *labels, const struct mt_row_frame *frame) {
    struct mt_row_frame named = *frame;
    if (frame->function && frame->function_offset != UINT64_MAX && !labels->full &&
        mt_label_is_program(labels->profile, frame->module))
        named.module = 0;
    return mt_rows_key_of_frame(labels->profile, &named);
}

char *mt_label_place(const struct mt_labels *labels, const struct mt_row_frame *frame,
                     size_t columns) {
    const char *function = mt_profile_text(labels->profile, frame->function);
    char *key = place_key(labels, frame), *place = NULL;
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

/* ---- a place and its function ---------------------------------------------------------------- */

static char *place_and_was(const struct mt_labels *labels, const struct mt_row_frame *frame,
                           const char *was, size_t columns) {
    size_t taken = mt_format_width(was);
    char *place = mt_label_place(labels, frame, columns > taken ? columns - taken : 1),
         *whole = NULL;
    if (place && asprintf(&whole, "%s%s", place, was) < 0)
        whole = NULL;
    free(place);
    return whole;
}

/* Returns how narrow a path with a line can get: the file's name, and a mark that folders are
 * missing. */
static size_t least_place(const struct mt_labels *labels, const char *place) {
    const char *base = strrchr(place, '/');
    size_t shortened = base ? mt_format_width(base) + mt_format_width(labels->ellipsis) : 0,
           whole = mt_format_width(place);
    return base && shortened < whole ? shortened : whole;
}

static void fit_beside(const struct mt_labels *labels, const struct mt_row_frame *frame,
                       const char *was, const char *function, size_t columns,
                       struct mt_label_pair *pair) {
    size_t whole = mt_format_width(pair->place), least = least_place(labels, pair->place),
           name = mt_format_shorten_least(function, labels->ellipsis);
    if (least + MT_LABEL_GAP + name > columns)
        return;
    pair->is_beside = true;
    size_t room = columns - MT_LABEL_GAP - name;
    if (whole > room) {
        free(pair->place);
        pair->place = place_and_was(labels, frame, was, room);
    }
}

struct mt_label_pair mt_label_pair(const struct mt_labels *labels, const struct mt_row_frame *frame,
                                   const char *was, size_t columns) {
    bool has_line = frame->file && frame->line;
    const char *text = has_line ? mt_profile_text(labels->profile, frame->function) : "";
    char *function = mt_format_visible(text, labels->utf8);
    struct mt_label_pair pair = {.place = place_and_was(labels, frame, was, SIZE_MAX / 2)};
    if (pair.place && function && *function)
        fit_beside(labels, frame, was, function, columns, &pair);
    if (pair.place && !pair.is_beside && mt_format_width(pair.place) > columns) {
        free(pair.place);
        pair.place = place_and_was(labels, frame, was, columns);
    }
    size_t taken = MT_LABEL_GAP + (pair.is_beside && pair.place ? mt_format_width(pair.place) : 0);
    pair.function = function ? mt_label_fit(labels, text, columns > taken ? columns - taken : 1,
                                            mt_format_shorten_function)
                             : NULL;
    free(function);
    return pair;
}

void mt_label_pair_free(struct mt_label_pair *pair) {
    free(pair->place);
    free(pair->function);
    *pair = (struct mt_label_pair){0};
}
