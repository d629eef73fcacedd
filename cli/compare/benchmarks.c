/* SPDX-License-Identifier: MIT */
/*
 * A benchmark fails --fail-above when the whole interval of its time lies above the limit, and not
 * when the estimate does: a job that fails by chance is one that people learn to start again. What
 * it allocates is counted, and fails as soon as it is above.
 */
#include "compare/benchmarks.h"

#include <stdio.h>

#include "command/command.h"
#include "export/export.h"
#include "text/benchmarks_table.h"
#include "view/benchmarks/cells.h"

static int print(const struct mt_compare_benchmarks *b, const struct mt_options_shared *shared,
                 const struct mt_pairs *pairs, struct mt_error *error) {
    const struct mt_export thing = {
        .what = MT_EXPORT_BENCHMARKS,
        .benchmarks = {pairs, b->files},
    };
    struct mt_terminal terminal;
    if (shared->json || b->markdown)
        return mt_export(stdout, &thing, shared->json ? MT_EXPORT_JSON : MT_EXPORT_MARKDOWN, error);
    mt_terminal_init(&terminal, stdout, shared->color);
    mt_benchmarks_table_print(&terminal, pairs, b->files);
    return 0;
}

/* Says what of the benchmark is worse. */
static void say_worse(const struct mt_options_shared *shared, const struct mt_pairs_row *row,
                      double limit_percent) {
    struct mt_cells cells;
    const char *name = row->of[1]->name;
    double by = limit_percent / 100;
    if (mt_pairs_is_slower(row, by)) {
        mt_cells_of_time(row, &cells);
        mt_terminal_print_problem(shared->program, NULL,
                                  "%s: time %s -> %s%s%s%s: more than --fail-above %g%%", name,
                                  cells.old, cells.new, *cells.low ? ", " : "", cells.low,
                                  *cells.low ? " at least" : "", limit_percent);
    }
    for (enum mt_results_figure i = 0; i < MT_RESULTS_N_FIGURES; i++) {
        if (!mt_pairs_has(row, i) || !(mt_pairs_change(row, i) > by))
            continue;
        mt_cells_of_figure(row, i, &cells);
        mt_terminal_print_problem(shared->program, NULL,
                                  "%s: %s %s -> %s%s%s: more than --fail-above %g%%", name,
                                  mt_cells_figure_name(i), cells.old, cells.new,
                                  *cells.change ? ", " : "", cells.change, limit_percent);
    }
}

static int judge(const struct mt_compare_benchmarks *b, const struct mt_options_shared *shared,
                 const struct mt_pairs *pairs) {
    size_t n = 0;
    for (size_t i = 0; b->fail_above_given && i < pairs->n; i++) {
        if (!mt_pairs_is_worse(&pairs->rows[i], b->fail_above_percent / 100))
            continue;
        if (n++ == 0)
            fflush(stdout); /* the table comes first */
        say_worse(shared, &pairs->rows[i], b->fail_above_percent);
    }
    return n ? MT_EXIT_FINDING : 0;
}

int mt_compare_benchmarks_tell(const struct mt_compare_benchmarks *b,
                               const struct mt_options_shared *shared, struct mt_error *error) {
    struct mt_results results[2] = {0};
    struct mt_pairs pairs = {0};
    int rc = mt_results_load(b->files[0], &results[0], error);
    if (rc == 0)
        rc = mt_results_load(b->files[1], &results[1], error);
    if (rc == 0)
        rc = mt_pairs_build(&results[0], &results[1], &pairs, error);
    if (rc == 0)
        rc = print(b, shared, &pairs, error);
    if (rc == 0)
        rc = judge(b, shared, &pairs);
    mt_pairs_free(&pairs);
    mt_results_free(&results[0]);
    mt_results_free(&results[1]);
    return rc;
}
