/* SPDX-License-Identifier: MIT */
/*
 * Call paths in a table: a frame a line, innermost first. The paths of one program end in the same
 * frames, so what a path has in common with the one above it is named and not printed again:
 *
 *     reader.c:4  read_file                  image.cpp:10  index_names
 *       reader.c:5  read_all                   … as above from run
 *       main.cpp:6  run
 *       main.cpp:7  main
 *
 * Frames that start the program and its threads are left out (view/rows/outer.h), and of frames
 * that recur one stands for all ("×3").
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "text/table-local.h"
#include "view/format/format.h"
#include "view/rows/missing.h"
#include "view/rows/outer.h"

enum { MAX_FRAMES_SHOWN = 12, GAP = 2, LEAST_TAIL = 2 };

void mt_table_stack_free(struct table_stack *stack) {
    free(stack->frames);
    *stack = (struct table_stack){0};
}

/* Returns whether two frames look the same. */
static bool is_same(const struct mt_row_frame *x, const struct mt_row_frame *y) {
    return x->id == y->id || (x->file && x->line && x->file == y->file && x->line == y->line &&
                              x->function == y->function);
}

/* Returns how many frames at the outer end are those of the path above, at most n - 1. */
static size_t tail_above(const struct table *t, const struct mt_row_frame *frames, size_t n) {
    const struct table_stack *above = t->above;
    size_t k = 0;
    if (t->options->full || above->rows != t->rows)
        return 0;
    while (k + 1 < n && k < above->n &&
           is_same(&frames[n - k - 1], &above->frames[above->n - k - 1]))
        k++;
    return k >= LEAST_TAIL ? k : 0;
}

static void put_text(const struct table *t, enum mt_terminal_style style, const char *text) {
    char *fitting = mt_label_fit(&t->labels, text, t->name_width - GAP, mt_format_shorten_end);
    mt_table_label_next_line(t, GAP);
    mt_terminal_put(t->terminal, style, fitting ? fitting : "?");
    free(fitting);
}

static void put_tail(const struct table *t, const struct mt_row_frame *first) {
    char before[32], *text = NULL;
    snprintf(before, sizeof before, "%s as above from ", t->terminal->ellipsis);
    size_t taken = GAP + mt_format_width(before),
           room = t->name_width > taken ? t->name_width - taken : 1;
    const char *function = mt_profile_text(t->labels.profile, first->function);
    char *name = *function ? mt_label_fit(&t->labels, function, room, mt_format_shorten_function)
                           : mt_label_place(&t->labels, first, room);
    if (asprintf(&text, "%s%s", before, name ? name : "?") >= 0)
        put_text(t, MT_STYLE_DIM, text);
    free(text);
    free(name);
}

/* Prints the frames, of recursion one for all that look the same, until there are so many lines.
 * Returns how many frames that were. */
static size_t put_own(const struct table *t, const struct mt_row_frame *frames, size_t n,
                      size_t most) {
    size_t i = 0;
    for (size_t lines = 0; i < n && lines < most; lines++) {
        size_t times = 1;
        while (!t->options->full && i + times < n && is_same(&frames[i], &frames[i + times]))
            times++;
        char again[32] = "";
        if (times > 1)
            snprintf(again, sizeof again, " %s%zu", t->terminal->utf8 ? "×" : "x", times);
        if (i)
            mt_table_label_next_line(t, GAP);
        mt_table_label_put_place(t, &frames[i], again, i ? GAP : 0);
        i += times;
    }
    return i;
}

static void put_missing(const struct table *t, uint32_t missing) {
    char text[MT_ROWS_MISSING_BYTES];
    put_text(t, MT_STYLE_WARN, mt_rows_missing_text(text, missing, t->terminal->ellipsis));
}

static void put_frames(const struct table *t, const struct mt_row_frame *frames, size_t n,
                       bool truncated, uint32_t missing) {
    bool is_full = t->options->full || t->options->full_stacks;
    size_t end = is_full ? n : mt_rows_outer_end(t->labels.profile, frames, n, truncated),
           own = end - tail_above(t, frames, end),
           most = is_full || own <= MAX_FRAMES_SHOWN + 1 ? SIZE_MAX : MAX_FRAMES_SHOWN,
           shown = put_own(t, frames, own, most);
    char text[64];
    snprintf(text, sizeof text, "%s %zu more frame%s", t->terminal->ellipsis, own - shown,
             own - shown == 1 ? "" : "s");
    if (shown < own)
        put_text(t, MT_STYLE_DIM, text);
    if (own < end)
        put_tail(t, &frames[own]);
    if (truncated)
        put_missing(t, missing);
    t->above->n = end;
}

void mt_table_stack_put(const struct table *t, const struct mt_row *row) {
    bool truncated;
    size_t n = mt_rows_stack(t->rows, row, NULL, 0, &truncated);
    struct mt_row_frame *frames = calloc(n + 1, sizeof *frames);
    if (!frames)
        return;
    mt_rows_stack(t->rows, row, frames, n, &truncated);
    put_frames(t, frames, n, truncated, mt_rows_missing(t->rows, row));
    free(t->above->frames);
    t->above->frames = frames;
    t->above->rows = t->rows;
}
