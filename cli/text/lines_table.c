/* SPDX-License-Identifier: MIT */
/*
 * One table for each function:
 *
 *   fill  reader.c:7
 *
 *    LINE   HITS     TIME  LIVE AFTER  INCREMENT       PEAK  SOURCE
 *       7      2  1.20 us         0 B                   0 B  void fill(int n)
 *       9                      1000 B    +1000 B     1000 B      char *a = malloc(1000);
 *                 1.35 ms              +2.4 KiB              total
 *
 * Every line of the function is shown, so that the text can be read; figures stand beside those that
 * have some. A column is as wide as its widest cell, over all functions, and one that nothing could
 * fill is left out; what would fill it is said below. The source gets the rest of the width.
 */
#include "text/lines_table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "text/newer.h"
#include "view/format/format.h"

enum { TAB_COLUMNS = 4, SOURCE_LEAST = 16, MOST_LINES = 4000, BEHIND = 2, WIDE = 110 };
enum column { LINE, HITS, TIME, AFTER, ALLOCATED, INCREMENT, PEAK, N_COLUMNS };

struct listing {
    const struct mt_terminal *terminal;
    const struct mt_lines *lines;
    struct mt_source *source;
    const struct mt_lines_table_options *options;
    bool has[N_COLUMNS];
    size_t width[N_COLUMNS], source_width;
    size_t n_missing; /* functions whose source is not here */
    size_t n_newer;   /* whose source was changed after the program was built */
};

/* ---- cells ----------------------------------------------------------------------------------- */

static const char *heading(const struct listing *l, enum column column) {
    static const char *const recorded[] = {"LINE",      "HITS",      "TIME", "LIVE AFTER",
                                           "ALLOCATED", "INCREMENT", "PEAK"},
                             *const unrecorded[] = {"LINE",      "HITS", "TIME", "LIVE AFTER",
                                                    "ALLOCATED", "LIVE", "PEAK"};
    return (l->lines->is_recorded ? recorded : unrecorded)[column];
}

static bool has_changes(const struct mt_lines_figures *f) {
    return (f->allocated_blocks | f->freed_blocks | f->allocated_bytes | f->freed_bytes) != 0;
}

/* Writes what stands in a column; "" for nothing. figures is NULL for a line without any. */
static void cell(const struct listing *l, enum column column, int64_t line,
                 const struct mt_lines_figures *figures, char text[MT_FORMAT_BYTES]) {
    bool exact = l->options->exact_bytes;
    *text = '\0';
    if (column == LINE && line > 0)
        snprintf(text, MT_FORMAT_BYTES, "%" PRId64, line);
    if (!figures)
        return;
    if (column == HITS && figures->has_hits && line > 0)
        mt_format_count(text, (int64_t)figures->hits);
    else if (column == TIME && figures->has_time)
        mt_format_duration(text, figures->time_ns);
    else if (column == AFTER && figures->has_after)
        mt_format_size(text, figures->after_bytes, exact);
    else if (column == ALLOCATED && has_changes(figures))
        mt_format_size(text, (int64_t)figures->allocated_bytes, exact);
    else if (column == INCREMENT && has_changes(figures) && l->lines->is_recorded)
        mt_format_size_change(text, mt_lines_increment(figures), exact);
    else if (column == INCREMENT && has_changes(figures))
        mt_format_size(text, mt_lines_increment(figures), exact);
    else if (column == PEAK && figures->has_peak)
        mt_format_size(text, figures->peak_bytes, exact);
}

static void widen(struct listing *l, int64_t line, const struct mt_lines_figures *figures) {
    char text[MT_FORMAT_BYTES];
    for (enum column c = 0; c < N_COLUMNS; c++) {
        cell(l, c, line, figures, text);
        size_t width = strlen(text);
        l->width[c] = width > l->width[c] ? width : l->width[c];
    }
}

static int64_t last_line(const struct mt_lines_function *function) {
    return function->to - function->from < MOST_LINES ? function->to : function->from + MOST_LINES;
}

static void lay_out(struct listing *l) {
    size_t taken = 0;
    for (enum column c = 0; c < N_COLUMNS; c++) {
        l->has[c] = (c != HITS && c != TIME) || l->lines->has_hits;
        l->width[c] = strlen(heading(l, c));
    }
    l->has[AFTER] = l->lines->is_recorded;
    l->has[ALLOCATED] = !l->lines->is_recorded || l->terminal->width >= WIDE;
    for (size_t i = 0; i < l->lines->n_functions; i++) {
        const struct mt_lines_function *f = &l->lines->functions[i];
        widen(l, last_line(f) + BEHIND, NULL);
        widen(l, 0, &f->sum);
        for (size_t r = 0; r < f->n_rows; r++)
            widen(l, l->lines->rows[f->first_row + r].line,
                  &l->lines->rows[f->first_row + r].figures);
    }
    for (enum column c = 0; c < N_COLUMNS; c++)
        taken += l->has[c] ? l->width[c] + (c == LINE ? 1 : 2) : 0;
    taken += 2;
    l->source_width =
        l->terminal->width > taken + SOURCE_LEAST ? l->terminal->width - taken : SOURCE_LEAST;
}

static void put_cells(const struct listing *l, int64_t line,
                      const struct mt_lines_figures *figures) {
    char text[MT_FORMAT_BYTES];
    for (enum column c = 0; c < N_COLUMNS; c++) {
        if (!l->has[c])
            continue;
        cell(l, c, line, figures, text);
        fprintf(l->terminal->stream, "%*s", (int)l->width[c] + (c == LINE ? 1 : 2), text);
    }
    fputs("  ", l->terminal->stream);
}

/* ---- source ---------------------------------------------------------------------------------- */

/* Returns the line with blanks for tabs, malloc'ed; NULL when it is not known. */
static char *text_of(const struct listing *l, const char *file, int64_t line) {
    char *raw = l->source ? mt_source_line_whole(l->source, file, line) : NULL;
    char *text = raw ? malloc(strlen(raw) * TAB_COLUMNS + 1) : NULL;
    size_t n = 0;
    for (const char *at = raw; text && *at; at++) {
        if (*at != '\t')
            text[n++] = *at;
        else
            do
                text[n++] = ' ';
            while (n % TAB_COLUMNS);
    }
    if (text)
        text[n] = '\0';
    free(raw);
    return text;
}

static size_t indentation_of(const struct listing *l, const char *file, int64_t from, int64_t to) {
    size_t least = SIZE_MAX;
    for (int64_t line = from; line <= to; line++) {
        char *text = text_of(l, file, line);
        size_t blanks = text ? strspn(text, " ") : 0;
        if (text && text[blanks] && blanks < least)
            least = blanks;
        free(text);
    }
    return least == SIZE_MAX ? 0 : least;
}

/* Code tells of the line that it is, but no code is of the brace behind it. */
static int64_t end_of(const struct listing *l, const char *file, int64_t to) {
    for (int64_t line = to + 1; line <= to + BEHIND; line++) {
        char *text = text_of(l, file, line);
        size_t blanks = text ? strspn(text, " ") : 0;
        bool ends = text && text[blanks] == '}', is_blank = text && !text[blanks];
        free(text);
        if (ends)
            return line;
        if (!is_blank)
            return to;
    }
    return to;
}

static void put_text(const struct listing *l, const char *file, int64_t line, size_t indentation,
                     bool has_figures) {
    char *text = text_of(l, file, line);
    const char *at = text ? text + (strlen(text) > indentation ? indentation : strlen(text)) : "";
    char *visible = mt_format_visible(at, l->terminal->utf8);
    char *shown = visible && !l->options->full_names
                      ? mt_format_shorten_end(visible, l->source_width, l->terminal->ellipsis)
                      : NULL;
    mt_terminal_put(l->terminal, has_figures ? MT_STYLE_SOURCE : MT_STYLE_DIM,
                    shown     ? shown
                    : visible ? visible
                              : "?");
    fputc('\n', l->terminal->stream);
    free(shown);
    free(visible);
    free(text);
}

/* ---- functions ------------------------------------------------------------------------------- */

static void put_name(const struct listing *l, const struct mt_lines_function *function,
                     const char *mark) {
    const struct mt_profile *profile = l->lines->profile;
    const char *name = mt_profile_text(profile, function->name),
               *file = mt_profile_text(profile, function->file);
    fputc(' ', l->terminal->stream);
    mt_terminal_put(l->terminal, MT_STYLE_BOLD, *name ? name : "?");
    fputs("  ", l->terminal->stream);
    mt_terminal_put(l->terminal, MT_STYLE_NONE, file);
    fprintf(l->terminal->stream, ":%" PRId64, function->from);
    mt_terminal_put(l->terminal, MT_STYLE_WARN, mark);
    fputs("\n\n", l->terminal->stream);
}

static void put_heading(const struct listing *l) {
    fputs(mt_terminal_style(l->terminal, MT_STYLE_BOLD), l->terminal->stream);
    for (enum column c = 0; c < N_COLUMNS; c++)
        if (l->has[c])
            fprintf(l->terminal->stream, "%*s", (int)l->width[c] + (c == LINE ? 1 : 2),
                    heading(l, c));
    fprintf(l->terminal->stream, "  SOURCE%s\n", mt_terminal_style(l->terminal, MT_STYLE_NONE));
}

static void put_rows(const struct listing *l, const struct mt_lines_function *function,
                     const char *file, bool is_found) {
    size_t row = function->first_row, end = row + function->n_rows;
    int64_t to = is_found ? end_of(l, file, last_line(function)) : last_line(function);
    size_t indentation = is_found ? indentation_of(l, file, function->from, to) : 0;
    for (int64_t line = function->from; line <= to; line++) {
        bool has_figures = row < end && l->lines->rows[row].line == line;
        if (has_figures || is_found) {
            put_cells(l, line, has_figures ? &l->lines->rows[row].figures : NULL);
            put_text(l, file, line, indentation, has_figures);
        }
        row += has_figures;
    }
    if (row < end)
        fprintf(l->terminal->stream, " %s %zu more lines with figures\n", l->terminal->ellipsis,
                end - row);
}

static void put_function(struct listing *l, const struct mt_lines_function *function) {
    const char *file = mt_profile_text(l->lines->profile, function->file);
    char *first = text_of(l, file, function->from);
    bool is_newer =
        first && mt_newer_is(l->lines->profile, l->source, function->file, function->module);
    l->n_missing += first == NULL;
    l->n_newer += is_newer;
    put_name(l, function, is_newer ? MT_NEWER_MARK : "");
    put_heading(l);
    put_rows(l, function, file, first != NULL);
    put_cells(l, 0, &function->sum);
    mt_terminal_put(l->terminal, MT_STYLE_BOLD, "total");
    fputs("\n\n", l->terminal->stream);
    free(first);
}

/* ---- what is not there ----------------------------------------------------------------------- */

static void put_note(const struct listing *l, const char *text) {
    fputc(' ', l->terminal->stream);
    mt_terminal_put_wrapped(l->terminal, 1, MT_STYLE_DIM, text);
    fputc('\n', l->terminal->stream);
}

/* Hooks of lines are for the languages that include headers; what is interpreted or compiled as it
 * runs is of a module in brackets. */
static bool can_have_hits(const struct listing *l, const struct mt_lines_function *function) {
    const char *file = mt_profile_text(l->lines->profile, function->file),
               *module = mt_profile_text(l->lines->profile, function->module),
               *ending = strrchr(file, '.');
    return module[0] != '[' && (!ending || strcmp(ending, ".rs") != 0);
}

static void put_notes(const struct listing *l) {
    bool could_have = false;
    mt_newer_put_note(l->terminal, l->n_newer);
    for (size_t i = 0; i < l->lines->n_functions; i++)
        could_have |= can_have_hits(l, &l->lines->functions[i]);
    if (!l->lines->is_recorded)
        put_note(l, "Lines were not recorded: LIVE is what came from a line and was not freed, by "
                    "whomever. memtrack run --lines records what each line frees, what is live "
                    "after it, and how often and how long it runs.");
    else if (could_have && !l->lines->has_hits)
        put_note(
            l, "HITS and TIME need code that is built with -include memtrack/lines.h and "
               "-fsanitize-coverage=trace-pc (gcc) or -fsanitize-coverage=trace-pc-guard,no-prune "
               "(clang).");
    if (l->lines->has_hits && l->lines->is_worked_out)
        put_note(l, "TIME is that of a block of code, and stands in the line in which the block "
                    "begins. A line with HITS alone runs within a block of another line.");
    else if (l->lines->has_hits)
        put_note(l, "HITS and TIME are those of a block of code, and stand in the line in which it "
                    "begins; a line without runs with the block above, or has not run.");
    if (l->n_missing)
        put_note(l, "Sources are not on this machine where they were compiled: --source-path DIR "
                    "looks for them in DIR.");
}

void mt_lines_table_print(const struct mt_terminal *terminal, const struct mt_lines *lines,
                          struct mt_source *source, const struct mt_lines_table_options *options) {
    struct listing l = {.terminal = terminal, .lines = lines, .source = source, .options = options};
    lay_out(&l);
    for (size_t i = 0; i < lines->n_functions; i++)
        put_function(&l, &lines->functions[i]);
    put_notes(&l);
}
