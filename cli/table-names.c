/* SPDX-License-Identifier: MIT */
/*
 * The right part of the table: what a row is called. A line is shown with its function and its source text, a function
 * with its file, a call path with its frames below each other. Paths lose the directory that the program ran in, long
 * names are shortened in view/format.h's ways.
 */
#include <stdlib.h>
#include <string.h>

#include "table-local.h"
#include "view/format.h"

enum { MAX_FRAMES_SHOWN = 12, GAP = 2 };

typedef char *shorten(const char *text, size_t columns, const char *ellipsis);

static void next_line(const struct table *t, size_t indent) {
    fprintf(t->terminal->stream, "\n%*s", (int)(t->name_column + indent), "");
}

static const char *relative(const struct table *t, const char *path) {
    for (size_t i = 0; i < sizeof t->folders / sizeof *t->folders; i++) {
        size_t bytes = strlen(t->folders[i]);
        if (bytes > 1 && strncmp(path, t->folders[i], bytes) == 0 && path[bytes] == '/')
            return path + bytes + 1;
    }
    return path;
}

/* Escaped, then shortened: an escape may be longer than what it stands for. malloc'ed, NULL: out of memory. */
static char *fitted(const struct table *t, const char *text, size_t columns, shorten *function) {
    char *visible = mt_format_visible(text, t->terminal->utf8);
    if (!visible || t->options->full)
        return visible;
    char *shortened = function(visible, columns, t->terminal->ellipsis);
    free(visible);
    return shortened;
}

/* name, then detail beside it if there is room and below it if not. "" is no detail. */
static void put_pair(const struct table *t, size_t columns, size_t indent, const char *name, shorten *shorten_name,
                     const char *detail, shorten *shorten_detail) {
    char *first = fitted(t, name, columns, shorten_name), *second = fitted(t, detail, columns, shorten_detail);
    mt_put(t->terminal, MT_STYLE_NONE, first ? first : "?");
    if (second && *second) {
        if (mt_format_width(first ? first : "?") + GAP + mt_format_width(second) <= columns)
            fprintf(t->terminal->stream, "%*s", GAP, "");
        else
            next_line(t, indent);
        mt_put(t->terminal, MT_STYLE_DIM, second);
    }
    free(first);
    free(second);
}

static void put_source(const struct table *t, mt_string file, int64_t line) {
    const struct mt_profile *profile = mt_rows_profile(t->rows);
    char *text = t->source ? mt_source_line(t->source, mt_profile_text(profile, file), line) : NULL;
    char *shown = text ? fitted(t, text, t->name_width - GAP, mt_format_shorten_end) : NULL;
    if (shown) {
        next_line(t, GAP);
        mt_put(t->terminal, MT_STYLE_DIM, shown);
    }
    free(shown);
    free(text);
}

static void put_frame(const struct table *t, const struct mt_frame *frame, size_t indent) {
    const struct mt_profile *profile = mt_rows_profile(t->rows);
    char *key = mt_frame_key(profile, frame);
    bool has_line = frame->file && frame->line;
    put_pair(t, t->name_width - indent, indent, key ? relative(t, key) : "?",
             has_line ? mt_format_shorten_path : mt_format_shorten_function,
             has_line ? mt_profile_text(profile, frame->function) : "", mt_format_shorten_function);
    free(key);
}

static void put_stack(const struct table *t, const struct mt_row *row) {
    bool truncated;
    size_t n = mt_rows_stack(t->rows, row, NULL, 0, &truncated);
    size_t shown = t->options->full || n <= MAX_FRAMES_SHOWN + 1 ? n : MAX_FRAMES_SHOWN;
    struct mt_frame *frames = calloc(shown + 1, sizeof *frames);
    if (!frames)
        return;
    mt_rows_stack(t->rows, row, frames, shown, &truncated);
    for (size_t i = 0; i < shown; i++) {
        if (i)
            next_line(t, GAP);
        put_frame(t, &frames[i], i ? GAP : 0);
    }
    free(frames);
    char text[64];
    snprintf(text, sizeof text, "%s %zu more frames", t->terminal->ellipsis, n - shown);
    if (shown < n) {
        next_line(t, GAP);
        mt_put(t->terminal, MT_STYLE_DIM, text);
    }
    if (truncated) {
        next_line(t, GAP);
        mt_put(t->terminal, MT_STYLE_WARN, "[truncated]");
    }
}

/* For groups that are no call path: the key, with a detail. */
static void put_key(const struct table *t, const struct mt_row *row) {
    const struct mt_profile *profile = mt_rows_profile(t->rows);
    char *key = mt_rows_key(t->rows, row);
    const char *function = mt_profile_text(profile, row->function), *file = mt_profile_text(profile, row->file);
    const char *name = key ? relative(t, key) : "?";
    switch (mt_rows_options(t->rows)->by) {
    case MT_BY_LINE:
        put_pair(t, t->name_width, GAP, name, row->line ? mt_format_shorten_path : mt_format_shorten_function,
                 row->line ? function : "", mt_format_shorten_function);
        put_source(t, row->file, row->line);
        break;
    case MT_BY_FUNCTION:
        put_pair(t, t->name_width, GAP, name, mt_format_shorten_function, row->shares_name ? "" : relative(t, file),
                 mt_format_shorten_path);
        break;
    case MT_BY_FILE:
    case MT_BY_MODULE:
        put_pair(t, t->name_width, GAP, name, mt_format_shorten_path, "", mt_format_shorten_end);
        break;
    default:
        put_pair(t, t->name_width, GAP, name, mt_format_shorten_end, "", mt_format_shorten_end);
    }
    free(key);
}

void mt_table_put_name(const struct table *t, const struct mt_row *row) {
    bool truncated;
    if (mt_rows_options(t->rows)->by == MT_BY_STACK && mt_rows_stack(t->rows, row, NULL, 0, &truncated))
        put_stack(t, row);
    else
        put_key(t, row);
    fputc('\n', t->terminal->stream);
}
