/* SPDX-License-Identifier: MIT */
/*
 * The right part of the table: what a row is called. A line is shown with its function and its
 * source text, a function with its file, a call path with its frames below each other. Paths lose
 * the current directory and what they have in common (roots.h), long names are shortened in view/format/format.h's ways.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "text/newer.h"
#include "text/roots.h"
#include "text/table-local.h"
#include "view/format/format.h"

enum { GAP = 2 };

void mt_table_label_init(struct table *t) {
    const struct mt_profile *profile = mt_rows_profile(t->rows);
    t->labels = (struct mt_labels){.profile = profile,
                                   .utf8 = t->terminal->utf8,
                                   .full = t->options->full,
                                   .ellipsis = t->terminal->ellipsis};
    t->labels.folder = getcwd(t->folder, sizeof t->folder) ? t->folder : "";
    t->source = mt_source_new(mt_profile_text(profile, profile->info.cwd));
}

void mt_table_label_free(struct table *t) {
    mt_source_free(t->source);
    free(t->labels.root);
    t->source = NULL;
    t->labels.root = NULL;
}

void mt_table_label_put_notes(struct table *t) {
    struct mt_table_notes own = {0}, *notes = t->options->notes ? t->options->notes : &own;
    struct mt_roots roots = {0};
    for (size_t i = 0; i < t->n_shown && !t->has_no_sources; i++)
        mt_roots_add(&roots, &t->labels, t->rows, mt_rows_at(t->rows, i));
    mt_roots_choose(&roots, &t->labels);
    if (t->labels.root && *t->labels.root)
        mt_table_notes_add(notes, "sources in %s", t->labels.root);
    mt_table_notes_add_skipped(notes, t->rows);
    mt_table_notes_print(t->terminal, notes);
}

void mt_table_label_next_line(const struct table *t, size_t indent) {
    fprintf(t->terminal->stream, "\n%*s", (int)(t->name_column + indent), "");
}

/* Prints a name that fits, then its detail: beside it if there is room and below it if not. "" is
 * no detail. */
static void put_pair(const struct table *t, const char *name, const char *detail,
                     mt_shorten *shorten_detail) {
    char *second = mt_label_fit(&t->labels, detail, t->name_width - GAP, shorten_detail);
    mt_terminal_put(t->terminal, MT_STYLE_NONE, name);
    if (second && *second) {
        if (mt_format_width(name) + GAP + mt_format_width(second) <= t->name_width)
            fprintf(t->terminal->stream, "%*s", GAP, "");
        else
            mt_table_label_next_line(t, GAP);
        mt_terminal_put(t->terminal, MT_STYLE_DIM, second);
    }
    free(second);
}

static void put_source(const struct table *t, mt_string file, int64_t line, mt_string module) {
    const struct mt_profile *profile = mt_rows_profile(t->rows);
    char *text = t->source ? mt_source_line(t->source, mt_profile_text(profile, file), line) : NULL;
    bool is_newer = text && mt_newer_is(profile, t->source, file, module);
    size_t mark = is_newer ? sizeof MT_NEWER_MARK - 1 : 0;
    char *shown =
        text ? mt_label_fit(&t->labels, text, t->name_width - GAP - mark, mt_format_shorten_end)
             : NULL;
    if (shown) {
        mt_table_label_next_line(t, GAP);
        mt_terminal_put(t->terminal, MT_STYLE_SOURCE, shown);
    }
    if (shown && is_newer) {
        mt_terminal_put(t->terminal, MT_STYLE_WARN, MT_NEWER_MARK);
        *t->n_newer += 1;
    }
    free(shown);
    free(text);
}

/* "sub_1ee30" says little to anybody: whom is it called from? */
static void put_named_caller(const struct table *t, const struct mt_row *row) {
    struct mt_row_frame caller;
    if (!mt_rows_named_caller(t->rows, row, &caller))
        return;
    const char *name = mt_profile_text(mt_rows_profile(t->rows), caller.function);
    size_t from = sizeof "from " - 1;
    char *shown =
        mt_label_fit(&t->labels, name, t->name_width - GAP - from, mt_format_shorten_function);
    if (shown && *shown) {
        mt_table_label_next_line(t, GAP);
        mt_terminal_put(t->terminal, MT_STYLE_DIM, "from ");
        mt_terminal_put(t->terminal, MT_STYLE_DIM, shown);
    }
    free(shown);
}

void mt_table_label_put_place(const struct table *t, const struct mt_row_frame *frame,
                              const char *was, size_t indent) {
    struct mt_label_pair pair =
        mt_label_pair(&t->labels, frame, was, t->name_width > indent ? t->name_width - indent : 1);
    mt_terminal_put(t->terminal, MT_STYLE_NONE, pair.place ? pair.place : "?");
    if (pair.function && *pair.function) {
        if (pair.is_beside)
            fprintf(t->terminal->stream, "%*s", MT_LABEL_GAP, "");
        else
            mt_table_label_next_line(t, indent + MT_LABEL_GAP);
        mt_terminal_put(t->terminal, MT_STYLE_DIM, pair.function);
    }
    mt_label_pair_free(&pair);
}

/* Prints a line of source: the place, the function beside or below it, the text below. */
static void put_line(const struct table *t, const struct mt_row *row) {
    struct mt_row_frame frame;
    if (!mt_rows_frame(t->rows, row, &frame)) {
        char *key = mt_rows_key(t->rows, row);
        mt_terminal_put(t->terminal, MT_STYLE_NONE, key);
        free(key);
        return;
    }
    char was[64] = "";
    if (t->was && *t->was)
        snprintf(was, sizeof was, " (was %s)", t->was);
    mt_table_label_put_place(t, &frame, was, 0);
    put_source(t, row->file, row->line, row->module);
    put_named_caller(t, row);
}

/* Returns the columns for a function: without its parameters when its file is then beside it. */
static size_t function_columns(const struct table *t, const char *function, const char *file) {
    size_t taken = *file ? mt_format_width(file) + GAP : 0,
           room = t->name_width > taken ? t->name_width - taken : 0;
    return !t->options->full && mt_format_width(function) > room &&
                   mt_format_shorten_least(function, t->labels.ellipsis) <= room
               ? room
               : t->name_width;
}

static void put_key(const struct table *t, const struct mt_row *row, mt_shorten *function,
                    const char *detail) {
    char *key = mt_rows_key(t->rows, row);
    const char *text = key ? mt_label_relative(&t->labels, key) : "?";
    size_t columns =
        function == mt_format_shorten_function ? function_columns(t, text, detail) : t->name_width;
    char *name = mt_label_fit(&t->labels, text, columns, function);
    put_pair(t, name ? name : "?", detail, mt_format_shorten_path);
    free(name);
    free(key);
}

void mt_table_label_put(const struct table *t, const struct mt_row *row) {
    const char *file = mt_profile_text(mt_rows_profile(t->rows), row->file);
    bool truncated;
    switch (mt_rows_options(t->rows)->by) {
    case MT_BY_STACK:
        if (mt_rows_stack(t->rows, row, NULL, 0, &truncated))
            mt_table_stack_put(t, row);
        else
            put_key(t, row, mt_format_shorten_end, "");
        break;
    case MT_BY_LINE:
        put_line(t, row);
        break;
    case MT_BY_FUNCTION:
        put_key(t, row, mt_format_shorten_function,
                row->shares_name ? "" : mt_label_relative(&t->labels, file));
        break;
    case MT_BY_FILE:
    case MT_BY_MODULE:
        put_key(t, row, mt_format_shorten_path, "");
        break;
    default:
        put_key(t, row, mt_format_shorten_end, "");
    }
    fputc('\n', t->terminal->stream);
}
