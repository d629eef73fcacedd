/* SPDX-License-Identifier: MIT */
/*
 * A report as Markdown, for a comment in a pull request or an issue: the figure that rows are sorted
 * by in the heading, what ran, a table of totals, and one of the largest rows. What is not shown is
 * summed up in a row, so that the rows add up to the total. Names of lines are from the root of the
 * working tree, as in a difference (markdown_diff.c).
 */
#include <stdlib.h>
#include <string.h>

#include "export/export-local.h"
#include "export/markdown-local.h"
#include "view/format/format.h"
#include "view/rows/rows.h"
#include "view/summary/summary.h"
#include "view/worktree.h"

enum { N_COLUMNS = 3 };

struct page {
    FILE *out;
    const struct mt_rows *rows;
    enum mt_value columns[N_COLUMNS]; /* the one that rows are sorted by first */
    bool is_estimate;
    char *root; /* of the working tree, or NULL */
};

/* "~", the mark of an estimate elsewhere, is markup here. */
static void put_figure(const struct page *page, enum mt_value value, int64_t figure) {
    char text[MT_FORMAT_BYTES];
    fprintf(page->out, "%s%s", page->is_estimate ? "≈" : "",
            mt_sort_is_bytes(value) ? mt_format_size(text, figure, false)
                                    : mt_format_count(text, figure));
}

static void put_share(const struct page *page, int64_t figure) {
    char percent[MT_FORMAT_BYTES];
    mt_markdown_put(
        page->out, mt_format_percent(percent, figure, mt_rows_whole(page->rows, page->columns[0])));
}

/* ---- heading and totals ---------------------------------------------------------------------- */

static bool put_heading(const struct page *page) {
    const struct mt_profile *profile = mt_rows_profile(page->rows);
    const char *name = basename(mt_profile_text(profile, profile->info.exe));
    const struct mt_summary_format format = {.utf8 = true, .columns = 100};
    struct mt_summary lines = {0};
    fprintf(page->out, "### memtrack: %s ", mt_sort_name(page->columns[0]));
    put_figure(page, page->columns[0], mt_rows_passed(page->rows)->value[page->columns[0]]);
    bool done = true;
    if (*name) {
        fputs(" of ", page->out);
        done = mt_markdown_put_code(page->out, name);
    }
    fputs("\n\n", page->out);
    mt_summary_process(profile, &format, &lines);
    if (lines.n)
        done = done && mt_markdown_put_code(page->out, lines.items[0].text);
    fputs(lines.n ? "\n\n" : "", page->out);
    done = done && !lines.failed;
    mt_summary_free(&lines);
    return done;
}

static void put_totals(const struct page *page) {
    static const enum mt_value shown[][2] = {{MT_VALUE_PEAK_BYTES, MT_VALUE_PEAK_BLOCKS},
                                             {MT_VALUE_LIVE_BYTES, MT_VALUE_LIVE_BLOCKS},
                                             {MT_VALUE_TOTAL_BYTES, MT_VALUE_TOTAL_BLOCKS}};
    const struct mt_row *sum = mt_rows_passed(page->rows);
    char moment[MT_FORMAT_BYTES + 16];
    fputs("| | bytes | blocks |\n| --- | ---: | ---: |\n", page->out);
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
        if (!mt_rows_has(page->rows, shown[i][0]))
            continue;
        fprintf(page->out, "| %s%s%s | ", mt_sort_name(shown[i][0]), i == 1 ? " " : "",
                i == 1 ? mt_summary_moment(page->rows, moment) : "");
        put_figure(page, shown[i][0], sum->value[shown[i][0]]);
        fputs(" | ", page->out);
        put_figure(page, shown[i][1], sum->value[shown[i][1]]);
        fputs(" |\n", page->out);
    }
    if (mt_rows_is_filtered(page->rows)) {
        fputs("\nFiltered: this is ", page->out);
        put_share(page, sum->value[page->columns[0]]);
        fputs(" of all.\n", page->out);
    }
    fputc('\n', page->out);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static void put_figures(const struct page *page, const struct mt_row *row) {
    fputs("| ", page->out);
    put_figure(page, page->columns[0], row->value[page->columns[0]]);
    fputs(" | ", page->out);
    put_share(page, row->value[page->columns[0]]);
    for (size_t i = 1; i < N_COLUMNS; i++) {
        fputs(" | ", page->out);
        put_figure(page, page->columns[i], row->value[page->columns[i]]);
    }
    fputs(" | ", page->out);
}

/* Returns "src/a.c:12 parse" for a line, and else the key. malloc'ed; NULL when out of memory. */
static char *name_of(const struct page *page, const struct mt_row *row) {
    const struct mt_profile *profile = mt_rows_profile(page->rows);
    const char *file = mt_profile_text(profile, row->file), *function;
    size_t n = mt_format_qualified_name(mt_profile_text(profile, row->function), &function);
    if (mt_rows_options(page->rows)->by != MT_BY_LINE || !*file || row->line <= 0)
        return mt_rows_key(page->rows, row);
    char *relative = mt_worktree_relative(page->root, file), *name;
    if (asprintf(&name, "%s:%lld%s%.*s", relative ? relative : file, (long long)row->line,
                 n ? " " : "", (int)n, function) < 0)
        name = NULL;
    free(relative);
    return name;
}

static bool put_row(const struct page *page, const struct mt_row *row) {
    char *name = name_of(page, row);
    put_figures(page, row);
    bool done = name && mt_markdown_put_code_cell(page->out, name);
    fputs(" |\n", page->out);
    free(name);
    return done;
}

static bool put_rows(const struct page *page, size_t n) {
    size_t count = mt_rows_count(page->rows), last = mt_export_shown(n, count);
    enum mt_group_by by = mt_rows_options(page->rows)->by;
    bool done = true;
    fprintf(page->out, "| %s | | %s | %s | %s |\n| ---: | ---: | ---: | ---: | --- |\n",
            mt_sort_name(page->columns[0]), mt_sort_name(page->columns[1]),
            mt_sort_name(page->columns[2]), mt_group_by_noun(by, true));
    for (size_t i = 0; i < last && done; i++)
        done = put_row(page, mt_rows_at(page->rows, i));
    if (last < count) {
        struct mt_row rest;
        double variance[MT_N_VALUES];
        mt_rows_sum_from(page->rows, last, &rest, variance);
        put_figures(page, &rest);
        fprintf(page->out, "%zu more %s |\n", count - last,
                mt_group_by_noun(by, count - last == 1));
    }
    put_figures(page, mt_rows_passed(page->rows));
    fputs("total |\n", page->out);
    return done;
}

/* What a reader has to know before believing the figures. */
static bool put_warnings(const struct page *page) {
    const struct mt_summary_format format = {.utf8 = true};
    struct mt_summary lines = {0};
    mt_summary_coverage(page->rows, &format, &lines);
    bool done = !lines.failed;
    for (size_t i = 0; i < lines.n && done; i++)
        if (lines.items[i].is_warning) {
            fputs("\n- ", page->out);
            done = mt_markdown_put(page->out, lines.items[i].text);
            fputc('\n', page->out);
        }
    mt_summary_free(&lines);
    return done;
}

static void choose_columns(struct page *page, enum mt_value sort) {
    static const enum mt_value usual[] = {MT_VALUE_PEAK_BYTES, MT_VALUE_LIVE_BYTES,
                                          MT_VALUE_TOTAL_BYTES};
    size_t n = 0;
    page->columns[n++] = sort;
    for (size_t i = 0; i < sizeof usual / sizeof *usual && n < N_COLUMNS; i++)
        if (usual[i] != sort)
            page->columns[n++] = usual[i];
}

int mt_markdown_profile(FILE *stream, const struct mt_export *thing, struct mt_error *error) {
    struct page page = {.out = stream, .rows = thing->profile.rows};
    page.is_estimate = mt_rows_profile(page.rows)->info.sample_bytes != 0;
    page.root = mt_worktree_find();
    choose_columns(&page, mt_export_profile_column(&thing->profile));
    bool done = put_heading(&page);
    put_totals(&page);
    done = done && put_rows(&page, thing->profile.n) && put_warnings(&page);
    free(page.root);
    return mt_export_finish(stream, done, error);
}
