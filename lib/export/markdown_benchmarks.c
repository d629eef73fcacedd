/* SPDX-License-Identifier: MIT */
/*
 * Compared benchmarks as Markdown, for a comment on a change: the heading counts, and the table has
 * the rows of the one on a terminal.
 */
#include "export/export-local.h"
#include "export/markdown-local.h"
#include "view/benchmarks/cells.h"

static void put_cells(FILE *out, const struct mt_cells *cells) {
    bool is_change = cells->verdict[0] != 'n' && cells->verdict[0] != 't';
    const char *bold = is_change ? "**" : "";
    fprintf(out, "| %s | %s | %s | ", cells->old, cells->new, cells->change);
    if (*cells->low)
        fprintf(out, "%s to %s", cells->low, cells->high);
    fprintf(out, " | %s%s%s | ", bold, cells->verdict, bold);
}

static bool put_row(FILE *out, const struct mt_pairs_row *row) {
    struct mt_cells cells;
    mt_cells_of_time(row, &cells);
    put_cells(out, &cells);
    bool done = mt_markdown_put_code_cell(out, row->of[row->of[1] != NULL]->name);
    fputs(" |\n", out);
    for (enum mt_results_figure i = 0; i < MT_RESULTS_N_FIGURES; i++) {
        if (!mt_pairs_differs(row, i))
            continue;
        mt_cells_of_figure(row, i, &cells);
        put_cells(out, &cells);
        fprintf(out, "%s |\n", mt_cells_figure_name(i));
    }
    return done;
}

int mt_markdown_benchmarks(FILE *stream, const struct mt_export *thing, struct mt_error *error) {
    const struct mt_pairs *pairs = thing->benchmarks.pairs;
    char text[2 * MT_CELLS_SENTENCE];
    fprintf(stream, "### memtrack compare: %s\n\n", mt_cells_summary(pairs, text));
    bool done = mt_markdown_put_code(stream, thing->benchmarks.files[0]) &&
                fputs(" → ", stream) != EOF &&
                mt_markdown_put_code(stream, thing->benchmarks.files[1]);
    fputs("\n\n| old | new | change | 95% interval | | benchmark |\n"
          "| ---: | ---: | ---: | ---: | --- | --- |\n",
          stream);
    for (size_t i = 0; i < pairs->n && done; i++)
        done = put_row(stream, &pairs->rows[i]);
    if (*mt_cells_meaning(pairs, text))
        fprintf(stream, "\n%s\n", text);
    return mt_export_finish(stream, done, error);
}
