/* SPDX-License-Identifier: MIT */
/*
 * A row says what a person asks first: is it slower, and by how much at least? The interval stands
 * there only if its confidence is the 95 % that the heading names.
 */
#include "view/benchmarks/cells.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void put_time(char text[MT_FORMAT_BYTES], const struct mt_results_row *row) {
    double ns = row ? mt_pairs_time(row) : NAN;
    if (!isnan(ns))
        mt_format_mean_time(text, ns);
}

static void put_change(char text[MT_FORMAT_BYTES], double part) {
    if (isfinite(part))
        mt_format_change(text, part);
}

void mt_cells_of_time(const struct mt_pairs_row *row, struct mt_cells *cells) {
    static const char *const words[] = {"faster",       "slower", "no difference", "too few",
                                        "not compared", "new",    "gone"};
    *cells = (struct mt_cells){.verdict = words[row->verdict]};
    put_time(cells->old, row->of[0]);
    put_time(cells->new, row->of[1]);
    if (row->verdict == MT_PAIRS_NOT_COMPARED)
        return;
    put_change(cells->change, row->ratio);
    if (row->verdict != MT_PAIRS_TOO_FEW) {
        put_change(cells->low, row->low_ratio);
        put_change(cells->high, row->high_ratio);
    }
}

/* Figures of an iteration are averages: "2.50", "0.0012", "0.40 B". */
static void put_figure(char text[MT_FORMAT_BYTES], enum mt_results_figure figure, double value) {
    double most = value < 0x1p62 ? value : 0x1p62;
    if (most < 99.95 && most != floor(most))
        snprintf(text, MT_FORMAT_BYTES, most < 0.095 ? "%.2g%s" : "%.2f%s", most,
                 figure == MT_RESULTS_BLOCKS ? "" : " B");
    else if (figure == MT_RESULTS_BLOCKS)
        mt_format_count(text, llround(most));
    else
        mt_format_size(text, llround(most), false);
}

void mt_cells_of_figure(const struct mt_pairs_row *row, enum mt_results_figure figure,
                        struct mt_cells *cells) {
    double change = mt_pairs_change(row, figure);
    *cells = (struct mt_cells){.verdict = change > 0 ? "more" : change < 0 ? "less" : "the same"};
    put_figure(cells->old, figure, row->of[0]->figure[figure]);
    put_figure(cells->new, figure, row->of[1]->figure[figure]);
    put_change(cells->change, change);
}

const char *mt_cells_figure_name(enum mt_results_figure figure) {
    static const char *const names[] = {"allocations", "allocated", "peak"};
    return names[figure];
}

/* ---- sentences ------------------------------------------------------------------------------- */

__attribute__((format(printf, 3, 4))) static void add(char *text, size_t size, const char *format,
                                                      ...) {
    size_t n = strlen(text);
    va_list values;
    va_start(values, format);
    vsnprintf(text + n, size - n, format, values);
    va_end(values);
}

/* ". Of 3 with figures of memory, 2 use more and 1 uses less." */
static void add_changes(const struct mt_pairs *pairs, char *text) {
    size_t more = pairs->n_more, less = pairs->n_less;
    add(text, MT_CELLS_SENTENCE, ". Of %zu with figures of memory, ", pairs->n_memory);
    if (more)
        add(text, MT_CELLS_SENTENCE, "%zu %s more", more, more == 1 ? "uses" : "use");
    if (less)
        add(text, MT_CELLS_SENTENCE, "%s%zu %s less", more ? " and " : "", less,
            less == 1 ? "uses" : "use");
    add(text, MT_CELLS_SENTENCE, ".");
}

char *mt_cells_summary(const struct mt_pairs *pairs, char text[MT_CELLS_SENTENCE]) {
    static const char *const words[] = {
        "faster", "slower", "without a difference", "with too few samples", "not compared",
        "new",    "gone"};
    text[0] = '\0';
    for (size_t i = 0; i < MT_PAIRS_N_VERDICTS; i++)
        if (pairs->n_of[i])
            add(text, MT_CELLS_SENTENCE, "%s%zu %s", *text ? ", " : "", pairs->n_of[i], words[i]);
    if (pairs->n_memory == 0)
        add(text, MT_CELLS_SENTENCE, ". Nothing is known of memory on both sides.");
    else if (pairs->n_more + pairs->n_less == 0)
        add(text, MT_CELLS_SENTENCE, ". All %zu with figures of memory allocate the same.",
            pairs->n_memory);
    else
        add_changes(pairs, text);
    return text;
}

char *mt_cells_meaning(const struct mt_pairs *pairs, char text[2 * MT_CELLS_SENTENCE]) {
    const size_t *n_of = pairs->n_of, size = 2 * (size_t)MT_CELLS_SENTENCE;
    text[0] = '\0';
    if (n_of[MT_PAIRS_FASTER] || n_of[MT_PAIRS_SLOWER] || n_of[MT_PAIRS_NO_DIFFERENCE])
        add(text, size,
            "Times are medians of an iteration. With 95%% confidence the change lies in its "
            "interval.");
    if (n_of[MT_PAIRS_NO_DIFFERENCE])
        add(text, size, " No difference: the interval holds 0.");
    if (pairs->n_within)
        add(text, size,
            " It holds what varies within a run, not from run to run: results of %d runs on each "
            "side, one after the other in a file, have that in it.",
            MT_RESULTS_ENOUGH_RUNS);
    if (n_of[MT_PAIRS_TOO_FEW])
        add(text, size,
            "%sToo few: there are not enough samples for 95%% confidence, which takes four on each "
            "side.",
            *text ? " " : "");
    if (n_of[MT_PAIRS_NOT_COMPARED])
        add(text, size,
            "%sNot compared: one side was recorded by memtrack and the other was not, and "
            "recording costs time.",
            *text ? " " : "");
    return text;
}
