/* SPDX-License-Identifier: MIT */
/*
 * The table of calls:
 *
 *        CALLS     TIME  SELF TIME  ALLOCATED       SELF  FUNCTION
 *        1,000  1.61 ms     402 us   35.1 KiB   35.1 KiB  find_word
 *        1,000  1.61 ms     402 us   35.1 KiB   35.1 KiB    from index_line
 *
 * A function's own line is the sum of its callers' lines. Where it has called itself, CALLS has two
 * numbers, all calls and those that were not inside of another, as pstats prints them.
 */
#include "text/calls_table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/saturate.h"
#include "view/format/format.h"

enum { GAP = 2, CALLS = 11, FIGURE = 10, NAME_LEAST = 20 };

static const char *const titles[] = {"TIME", "SELF TIME", "ALLOCATED", "SELF"};
enum { N_FIGURES = sizeof titles / sizeof *titles, FIRST = 1 + CALLS + GAP };

static void put_cell(const struct mt_terminal *terminal, size_t width, enum mt_terminal_style style,
                     const char *text) {
    size_t taken = mt_format_width(text);
    fprintf(terminal->stream, "%*s", (int)(width > taken ? width - taken : 0), "");
    mt_terminal_put(terminal, style, text);
    fprintf(terminal->stream, "%*s", GAP, "");
}

/* Returns how many figures leave room for a name. */
static size_t figures_shown(const struct mt_terminal *terminal) {
    size_t n = 0;
    while (n < N_FIGURES && FIRST + (n + 1) * (FIGURE + GAP) + NAME_LEAST <= terminal->width)
        n++;
    return n;
}

static void put_title(const struct mt_terminal *terminal, const struct mt_scopes *scopes) {
    const char *mark = mt_profile_scopes_are_estimates(scopes) ? "~" : "";
    fputc(' ', terminal->stream);
    put_cell(terminal, CALLS, MT_STYLE_DIM, "CALLS");
    for (size_t i = 0; i < figures_shown(terminal); i++) {
        char title[FIGURE + 1];
        snprintf(title, sizeof title, "%s%s", mark, titles[i]);
        put_cell(terminal, FIGURE, MT_STYLE_DIM, title);
    }
    mt_terminal_put(terminal, MT_STYLE_DIM, "FUNCTION");
    fputc('\n', terminal->stream);
}

static void put_calls(const struct mt_terminal *terminal, const struct mt_scopes_arc *arc) {
    char calls[MT_FORMAT_BYTES], outermost[MT_FORMAT_BYTES], text[2 * MT_FORMAT_BYTES];
    mt_format_count(calls, mt_saturate_signed(arc->count));
    mt_format_count(outermost, mt_saturate_signed(arc->outermost));
    snprintf(text, sizeof text, "%s%s%s", calls, arc->count != arc->outermost ? "/" : "",
             arc->count != arc->outermost ? outermost : "");
    put_cell(terminal, CALLS, MT_STYLE_NONE, text);
}

static void put_figures(const struct mt_terminal *terminal, const struct mt_scopes_arc *arc,
                        bool exact_bytes) {
    char text[MT_FORMAT_BYTES];
    fputc(' ', terminal->stream);
    put_calls(terminal, arc);
    for (size_t i = 0; i < figures_shown(terminal); i++) {
        const int64_t *value = i % 2 == 0 ? arc->sum : arc->own;
        int64_t ns = value[MT_CALL_DURATION_NS];
        put_cell(terminal, FIGURE, MT_STYLE_NONE,
                 i < 2 ? mt_format_duration(text, ns > 0 ? (uint64_t)ns : 0)
                       : mt_format_size(text, value[MT_CALL_ALLOCATED_BYTES], exact_bytes));
    }
}

/* Prints a function behind its figures, and ends the line. */
static void put_name(const struct mt_terminal *terminal, const char *before, const char *raw,
                     bool full) {
    size_t taken = FIRST + figures_shown(terminal) * (FIGURE + GAP) + strlen(before);
    size_t room = terminal->width > taken + NAME_LEAST ? terminal->width - taken : NAME_LEAST;
    char *visible = mt_format_visible(raw, terminal->utf8);
    char *fitting = visible && !full && mt_format_width(visible) > room
                        ? mt_format_shorten_function(visible, room, terminal->ellipsis)
                        : NULL;
    mt_terminal_put(terminal, MT_STYLE_DIM, before);
    mt_terminal_put(terminal, *before ? MT_STYLE_NONE : MT_STYLE_BOLD,
                    fitting   ? fitting
                    : visible ? visible
                              : "");
    fputc('\n', terminal->stream);
    free(fitting);
    free(visible);
}

static struct mt_scopes_arc sum_of(const struct mt_scopes_arc *arcs, size_t n) {
    struct mt_scopes_arc sum = {0};
    for (size_t i = 0; i < n; i++) {
        mt_saturate_add_count(&sum.count, arcs[i].count);
        mt_saturate_add_count(&sum.outermost, arcs[i].outermost);
        for (size_t v = 0; v < MT_N_CALL_VALUES; v++) {
            mt_saturate_add(&sum.sum[v], arcs[i].sum[v]);
            mt_saturate_add(&sum.own[v], arcs[i].own[v]);
        }
    }
    return sum;
}

static void put_function(const struct mt_terminal *terminal, const struct mt_profile *profile,
                         const struct mt_scopes_arcs *callers, const struct mt_scopes_arcs *shown,
                         mt_string function, const struct mt_scopes_table_options *options) {
    size_t n_callers, n;
    const struct mt_scopes_arc *from = mt_scopes_arcs_of(callers, function, &n_callers);
    const struct mt_scopes_arc *arcs = mt_scopes_arcs_of(shown, function, &n);
    struct mt_scopes_arc sum = sum_of(from, n_callers);
    put_figures(terminal, &sum, options->exact_bytes);
    put_name(terminal, "", mt_profile_text(profile, function), options->full);
    for (size_t i = 0; i < n; i++) {
        put_figures(terminal, &arcs[i], options->exact_bytes);
        if (arcs[i].other)
            put_name(terminal, shown == callers ? "  from " : "  to ",
                     mt_profile_text(profile, arcs[i].other), options->full);
        else
            put_name(terminal, "  from code without hooks", "", true);
    }
}

static void put_functions(const struct mt_terminal *terminal, const struct mt_scopes_rows *rows,
                          const struct mt_scopes_arcs *callers, const struct mt_scopes_arcs *shown,
                          const struct mt_scopes_table_options *options) {
    char count[MT_FORMAT_BYTES];
    size_t n_functions = 0, n;
    for (size_t i = 0; i < rows->n; i++)
        if (!rows->items[i].is_process &&
            mt_scopes_arcs_of(callers, rows->items[i].name, &n) != NULL &&
            (n_functions++ < options->n || options->n == 0)) {
            if (n_functions == 1)
                put_title(terminal, &rows->profile->info.scopes);
            put_function(terminal, rows->profile, callers, shown, rows->items[i].name, options);
        }
    if (options->n != 0 && n_functions > options->n)
        fprintf(terminal->stream, " %s %s more function%s\n", terminal->ellipsis,
                mt_format_count(count, (int64_t)(n_functions - options->n)),
                n_functions - options->n == 1 ? "" : "s");
}

int mt_calls_table_print(const struct mt_terminal *terminal, const struct mt_scopes_rows *rows,
                         enum mt_scopes_arcs_side side,
                         const struct mt_scopes_table_options *options, struct mt_error *error) {
    struct mt_scopes_arcs callers = {0}, callees = {0};
    int rc = mt_scopes_arcs_build(rows->profile, MT_ARCS_CALLERS, &callers, error);
    if (rc == 0 && side == MT_ARCS_CALLEES)
        rc = mt_scopes_arcs_build(rows->profile, MT_ARCS_CALLEES, &callees, error);
    if (rc == 0)
        put_functions(terminal, rows, &callers, side == MT_ARCS_CALLERS ? &callers : &callees,
                      options);
    mt_scopes_arcs_free(&callers);
    mt_scopes_arcs_free(&callees);
    return rc;
}
