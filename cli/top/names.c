/* SPDX-License-Identifier: MIT */
/*
 * What rows are called in one line each. Call paths of one program begin and end alike: what all of
 * them share stands in the heading, and each row has the part that tells it from the others.
 *
 *   CALL PATH  all: grab ← … ← main
 *   session_open
 *   cache_insert ← parse_header ← session_open
 *   cache_insert ← … ← main_loop
 */
#include "top/names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text/roots.h"
#include "view/rows/outer.h"

enum { DETAIL_GAP = 2, DETAIL_LEAST = 6, MOST_ROWS = 200 };

/* ---- what rows share ------------------------------------------------------------------------- */

struct path { /* of a row, without what starts the program */
    struct mt_row_frame *frames;
    size_t n;
};

static struct path path_of(const struct mt_rows *rows, const struct mt_row *row) {
    struct path path = {0};
    bool truncated;
    size_t n = mt_rows_stack(rows, row, NULL, 0, &truncated);
    path.frames = calloc(n + 1, sizeof *path.frames);
    if (!path.frames)
        return path;
    mt_rows_stack(rows, row, path.frames, n, &truncated);
    path.n = mt_rows_outer_end(mt_rows_profile(rows), path.frames, n, truncated);
    return path;
}

/* Frames are called by their functions here, so these decide. */
static bool is_same(const struct mt_row_frame *x, const struct mt_row_frame *y) {
    return x->function && x->function == y->function;
}

static void share(struct mt_labels *labels, const struct path *first, const struct path *path) {
    size_t inner = 0, outer = 0, least = first->n < path->n ? first->n : path->n;
    while (inner + 1 < least && is_same(&first->frames[inner], &path->frames[inner]))
        inner++;
    while (inner + outer + 1 < least &&
           is_same(&first->frames[first->n - outer - 1], &path->frames[path->n - outer - 1]))
        outer++;
    labels->shared_inner = inner < labels->shared_inner ? inner : labels->shared_inner;
    labels->shared_outer = outer < labels->shared_outer ? outer : labels->shared_outer;
}

static void share_paths(struct mt_labels *labels, const struct mt_top_model *model, size_t n) {
    const struct mt_rows *rows = mt_top_model_rows(model);
    struct path first = {0};
    labels->shared_inner = labels->shared_outer = n > 1 ? SIZE_MAX : 0;
    for (size_t i = 0; i < n && labels->shared_inner + labels->shared_outer; i++) {
        struct path path = path_of(rows, mt_rows_at(rows, mt_top_model_line(model, i)->row));
        if (i == 0) {
            first = path;
            continue;
        }
        share(labels, &first, &path);
        free(path.frames);
    }
    free(first.frames);
}

void mt_top_names_prepare(struct mt_labels *labels, const struct mt_top_model *model) {
    const struct mt_rows *rows = mt_top_model_rows(model);
    size_t n = mt_top_model_count(model);
    struct mt_roots roots = {0};
    n = rows ? n < MOST_ROWS ? n : MOST_ROWS : 0;
    for (size_t i = 0; i < n; i++)
        mt_roots_add(&roots, labels, rows, mt_rows_at(rows, mt_top_model_line(model, i)->row));
    mt_roots_choose(&roots, labels);
    labels->shared_inner = labels->shared_outer = 0;
    if (n && mt_rows_options(rows)->by == MT_BY_STACK)
        share_paths(labels, model, n);
}

/* ---- call paths ------------------------------------------------------------------------------ */

/* Returns what a frame is called, in at most so many columns, malloc'ed; NULL: out of memory. */
static char *frame_name(const struct mt_labels *labels, const struct mt_row_frame *frame,
                        size_t columns) {
    const char *function = mt_profile_text(labels->profile, frame->function), *name;
    size_t bytes = mt_format_qualified_name(function, &name);
    char *key = bytes ? strndup(name, bytes) : mt_rows_key_of_frame(labels->profile, frame);
    char *fitted = key ? mt_label_fit(labels, key, columns, mt_format_shorten_function) : NULL;
    free(key);
    return fitted;
}

struct joined { /* names with arrows between them, as many as fit */
    FILE *stream;
    size_t used, columns;
    bool is_full;
};

static void join(struct joined *j, const struct mt_labels *labels, const char *name) {
    const char *arrow = j->used ? labels->utf8 ? " ← " : " < " : "";
    size_t more = mt_format_width(arrow) + mt_format_width(name), left = j->columns - j->used,
           rest = 3 + mt_format_width(labels->ellipsis);
    if (j->is_full)
        return;
    if (more + rest > left && j->used) { /* what follows would not fit with its mark */
        j->is_full = true;
        if (rest <= left)
            fprintf(j->stream, "%s%s", arrow, labels->ellipsis);
        return;
    }
    fprintf(j->stream, "%s%s", arrow, name);
    j->used += more;
}

static void join_frames(struct joined *j, const struct mt_labels *labels,
                        const struct mt_row_frame *frames, size_t n) {
    for (size_t i = 0; i < n && !j->is_full; i++) {
        char *name = frame_name(labels, &frames[i], j->columns);
        join(j, labels, name ? name : "?");
        free(name);
    }
}

static size_t names_width(const struct mt_labels *labels, const struct mt_row_frame *frames,
                          size_t n, size_t most) {
    size_t width = 0;
    for (size_t i = 0; i < n && width <= most; i++) {
        char *name = frame_name(labels, &frames[i], most);
        width += (i ? 3 : 0) + mt_format_width(name ? name : "?");
        free(name);
    }
    return width;
}

/* Of frames that do not fit the outermost may tell one path from the next: it stays, and those in
 * the middle go, when there is room for it. */
static void join_ends(struct joined *j, const struct mt_labels *labels,
                      const struct mt_row_frame *frames, size_t n) {
    size_t columns = j->columns;
    char *last = n > 2 ? frame_name(labels, &frames[n - 1], columns) : NULL;
    size_t dots = mt_format_width(labels->ellipsis),
           end = last ? 3 + dots + 3 + mt_format_width(last) : 0;
    if (!last || names_width(labels, frames, n, columns) <= columns ||
        names_width(labels, frames, 1, columns) + end > columns) {
        join_frames(j, labels, frames, n);
    } else {
        size_t shown = 1;
        while (names_width(labels, frames, shown + 1, columns) + end <= columns)
            shown++;
        join_frames(j, labels, frames, shown);
        const char *arrow = labels->utf8 ? " ← " : " < ";
        fprintf(j->stream, "%s%s%s%s", arrow, labels->ellipsis, arrow, last);
    }
    free(last);
}

/* Returns "inner ← middle ← outer", as much of it as fits. */
static char *path_name(const struct mt_labels *labels, const struct mt_rows *rows,
                       const struct mt_row *row, size_t columns) {
    struct path path = path_of(rows, row);
    char *text = NULL;
    size_t bytes = 0, shared = labels->shared_inner + labels->shared_outer;
    if (path.n == 0) {
        char *key = mt_rows_key(rows, row),
             *fitted = key ? mt_label_fit(labels, key, columns, mt_format_shorten_end) : NULL;
        free(key);
        free(path.frames);
        return fitted;
    }
    bool is_part = shared < path.n;
    struct joined j = {.stream = open_memstream(&text, &bytes), .columns = columns};
    if (j.stream) {
        join_ends(&j, labels, path.frames + (is_part ? labels->shared_inner : 0),
                  is_part ? path.n - shared : path.n);
        fclose(j.stream);
    }
    free(path.frames);
    return text;
}

char *mt_top_names_shared(const struct mt_labels *labels, const struct mt_top_model *model,
                          size_t columns) {
    const struct mt_rows *rows = mt_top_model_rows(model);
    char *text = NULL;
    size_t bytes = 0;
    if (!rows || mt_top_model_count(model) == 0)
        return NULL;
    bool is_path = mt_rows_options(rows)->by == MT_BY_STACK;
    if (!is_path && labels->root && *labels->root) {
        char *root = mt_label_fit(labels, labels->root, columns > 3 ? columns - 3 : columns,
                                  mt_format_shorten_path);
        int length = asprintf(&text, "in %s", root ? root : "?");
        free(root);
        return length < 0 ? NULL : text;
    }
    if (labels->shared_inner + labels->shared_outer == 0)
        return NULL;
    struct path path = path_of(rows, mt_rows_at(rows, mt_top_model_line(model, 0)->row));
    struct joined j = {.stream = open_memstream(&text, &bytes), .columns = columns};
    if (j.stream && labels->shared_inner + labels->shared_outer < path.n) {
        fputs("all: ", j.stream);
        join_frames(&j, labels, path.frames, labels->shared_inner);
        join(&j, labels, labels->ellipsis);
        join_frames(&j, labels, path.frames + path.n - labels->shared_outer, labels->shared_outer);
    }
    if (j.stream)
        fclose(j.stream);
    free(path.frames);
    return text;
}

/* ---- names and what belongs to them ---------------------------------------------------------- */

/* The detail takes what the name leaves, and the name leaves it two fifths if it needs them. */
static char *pair(const struct mt_labels *labels, char *key, const char *more, size_t columns,
                  mt_shorten *shorten, mt_shorten *shorten_more, char **detail) {
    char *whole = mt_label_fit(labels, more, columns, shorten_more);
    size_t wanted = whole && *whole ? mt_format_width(whole) + DETAIL_GAP : 0,
           share = columns * 2 / 5;
    free(whole);
    char *name = key ? mt_label_fit(labels, mt_label_relative(labels, key),
                                    columns - (wanted < share ? wanted : share), shorten)
                     : NULL;
    free(key);
    size_t taken = name ? mt_format_width(name) + DETAIL_GAP : columns;
    if (taken + DETAIL_LEAST <= columns && *more) {
        free(*detail);
        *detail =
            mt_label_fit(labels, mt_label_relative(labels, more), columns - taken, shorten_more);
    }
    return name;
}

static char *line_name(const struct mt_labels *labels, const struct mt_rows *rows,
                       const struct mt_row *row, size_t columns, char **detail) {
    struct mt_row_frame frame;
    if (mt_rows_frame(rows, row, &frame) && row->line) {
        struct mt_label_pair both = mt_label_pair(labels, &frame, "", columns);
        if (both.is_beside && both.place && both.function) {
            free(*detail);
            *detail = both.function;
            return both.place;
        }
        mt_label_pair_free(&both);
    }
    if (!mt_rows_frame(rows, row, &frame) || !row->line)
        return mt_rows_frame(rows, row, &frame)
                   ? mt_label_place(labels, &frame, columns)
                   : pair(labels, mt_rows_key(rows, row), "", columns, mt_format_shorten_end,
                          mt_format_shorten_end, detail);
    return pair(labels, mt_rows_key(rows, row), mt_profile_text(labels->profile, row->function),
                columns, mt_format_shorten_path, mt_format_shorten_function, detail);
}

char *mt_top_names_of(const struct mt_labels *labels, const struct mt_rows *rows,
                      const struct mt_row *row, size_t columns, char **detail) {
    const char *file = mt_profile_text(labels->profile, row->file);
    char *name;
    *detail = strdup("");
    switch (mt_rows_options(rows)->by) {
    case MT_BY_LINE:
        name = line_name(labels, rows, row, columns, detail);
        break;
    case MT_BY_FUNCTION:
        name = pair(labels, mt_rows_key(rows, row), row->shares_name ? "" : file, columns,
                    mt_format_shorten_function, mt_format_shorten_path, detail);
        break;
    case MT_BY_STACK:
        name = path_name(labels, rows, row, columns);
        break;
    case MT_BY_FILE:
    case MT_BY_MODULE:
        name = pair(labels, mt_rows_key(rows, row), "", columns, mt_format_shorten_path,
                    mt_format_shorten_end, detail);
        break;
    default:
        name = pair(labels, mt_rows_key(rows, row), "", columns, mt_format_shorten_end,
                    mt_format_shorten_end, detail);
    }
    if (name && *detail)
        return name;
    free(name);
    free(*detail);
    *detail = NULL;
    return NULL;
}
