/* SPDX-License-Identifier: MIT */
/*
 *      OLD      NEW  CHANGE      95% INTERVAL                 BENCHMARK
 *   289 us   175 us  -39.4%  -40.1% to -38.0%  faster         make a table
 *    1,013      900  -11.2%                    less             allocations
 *  11.8 ns  11.8 ns   <0.1%   -0.3% to  +0.4%  no difference  find a name
 *
 * Below a benchmark stand the figures of its memory that differ; the last line counts those that
 * were compared, so that what is not there is known to be the same.
 */
#include "text/benchmarks_table.h"

#include <stdio.h>

#include "view/benchmarks/cells.h"

enum { FIGURE = 9, CHANGE = 8, BOUND = 9, VERDICT = 15, INDENT = 1 };
enum { NAME = INDENT + 2 * FIGURE + CHANGE + 2 * BOUND + 3 + VERDICT }; /* its column */

static enum mt_terminal_style style_of(const char *verdict) {
    switch (verdict[0]) {
    case 's': /* slower */
    case 'm': /* more */
        return MT_STYLE_MORE;
    case 'f': /* faster */
    case 'l': /* less */
        return MT_STYLE_LESS;
    default:
        return MT_STYLE_DIM;
    }
}

static void print_cells(const struct mt_terminal *terminal, const struct mt_cells *cells) {
    FILE *out = terminal->stream;
    fprintf(out, "%*s%*s%*s%*s", INDENT + FIGURE - 1, cells->old, FIGURE, cells->new, CHANGE,
            cells->change, BOUND, cells->low);
    fprintf(out, "%3s%*s  %s%-*s%s", *cells->low ? "to" : "", BOUND - 1, cells->high,
            mt_terminal_style(terminal, style_of(cells->verdict)), VERDICT, cells->verdict,
            mt_terminal_style(terminal, MT_STYLE_NONE));
}

static void print_row(const struct mt_terminal *terminal, const struct mt_pairs_row *row) {
    struct mt_cells cells;
    mt_cells_of_time(row, &cells);
    print_cells(terminal, &cells);
    mt_terminal_put_fitting(terminal, NAME, MT_STYLE_BOLD, row->of[row->of[1] != NULL]->name);
    fputc('\n', terminal->stream);
    for (enum mt_results_figure i = 0; i < MT_RESULTS_N_FIGURES; i++) {
        if (!mt_pairs_differs(row, i))
            continue;
        mt_cells_of_figure(row, i, &cells);
        print_cells(terminal, &cells);
        fprintf(terminal->stream, "  %s\n", mt_cells_figure_name(i));
    }
}

static void print_sentence(const struct mt_terminal *terminal, const char *text) {
    if (!*text)
        return;
    fputs("\n ", terminal->stream);
    mt_terminal_put_wrapped(terminal, INDENT, MT_STYLE_DIM, text);
    fputc('\n', terminal->stream);
}

void mt_benchmarks_table_print(const struct mt_terminal *terminal, const struct mt_pairs *pairs,
                               const char *const files[2]) {
    char text[2 * MT_CELLS_SENTENCE];
    FILE *out = terminal->stream;
    fputc(' ', out);
    mt_terminal_put(terminal, MT_STYLE_BOLD, files[0]);
    fputs(" -> ", out);
    mt_terminal_put(terminal, MT_STYLE_BOLD, files[1]);
    fprintf(out, "\n\n%s", mt_terminal_style(terminal, MT_STYLE_BOLD));
    fprintf(out, "%*s%*s%*s%*s  %*s%s", INDENT + FIGURE - 1, "OLD", FIGURE, "NEW", CHANGE, "CHANGE",
            2 * BOUND + 2, "95% INTERVAL", VERDICT, "", "BENCHMARK");
    fprintf(out, "%s\n", mt_terminal_style(terminal, MT_STYLE_NONE));
    for (size_t i = 0; i < pairs->n; i++)
        print_row(terminal, &pairs->rows[i]);
    print_sentence(terminal, mt_cells_summary(pairs, text));
    print_sentence(terminal, mt_cells_meaning(pairs, text));
}
