/* SPDX-License-Identifier: MIT */
/*
 * The summary and the top table as plain HTML, in the words of the command: for mail programs,
 * previews and browsers without scripts. The viewer hides it.
 */
#include "page/static.h"

#include <stdlib.h>
#include <string.h>

#include "page/html.h"
#include "view/compare/diff.h"
#include "view/format/format.h"
#include "view/rows/sort.h"
#include "view/summary/summary.h"

enum { DEFAULT_ROWS = 20, MOST_COLUMNS = 4, LINE_COLUMNS = 1000 };

static const struct {
    const char *heading;
    enum mt_value value;
} columns[] = {
    {"peak", MT_VALUE_PEAK_BYTES},
    {"live", MT_VALUE_LIVE_BYTES},
    {"total", MT_VALUE_TOTAL_BYTES},
    {"blocks", MT_VALUE_TOTAL_BLOCKS},
};
_Static_assert(sizeof columns / sizeof *columns == MOST_COLUMNS, "");

static size_t most_rows(const struct mt_page_data *page, size_t n) {
    size_t most = page->n_rows ? page->n_rows : DEFAULT_ROWS;
    return n < most ? n : most;
}

void mt_static_put_title(FILE *stream, const struct mt_page_data *page) {
    for (size_t i = 0; i < page->n_profiles; i++) {
        if (i)
            fputs(" → ", stream);
        mt_html_put_text(stream, page->profiles[i].name);
    }
    fputs(page->n_profiles ? " · memtrack" : "memtrack", stream);
}

/* ---- lines ----------------------------------------------------------------------------------- */

static int put_lines(FILE *stream, struct mt_summary *lines) {
    int status = lines->failed ? -MEMTRACK_ENOMEM : 0;
    fputs("<dl>", stream);
    for (size_t i = 0; i < lines->n; i++) {
        if (*lines->items[i].label) {
            fputs("<dt>", stream);
            mt_html_put_text(stream, lines->items[i].label);
            fputs("</dt>", stream);
        }
        fputs("<dd>", stream);
        mt_html_put_text(stream, lines->items[i].text);
        fputs("</dd>", stream);
    }
    fputs("</dl>\n", stream);
    mt_summary_free(lines);
    return status;
}

static int put_head(FILE *stream, const struct mt_rows *rows) {
    const struct mt_summary_format format = {.utf8 = true, .columns = LINE_COLUMNS};
    struct mt_summary lines = {0};
    mt_summary_head(rows, &format, &lines);
    return put_lines(stream, &lines);
}

/* ---- tables ---------------------------------------------------------------------------------- */

static void put_amount(FILE *stream, enum mt_value value, int64_t amount, bool is_change) {
    char text[MT_FORMAT_BYTES];
    bool bytes = mt_sort_is_bytes(value);
    fprintf(stream, "<td>%s</td>",
            is_change ? bytes ? mt_format_size_change(text, amount, false)
                              : mt_format_count_change(text, amount)
            : bytes ? mt_format_size(text, amount, false)
                      : mt_format_count(text, amount));
}

static void put_name(FILE *stream, const char *key, const char *function) {
    fputs("<td><b>", stream);
    mt_html_put_text(stream, key ? key : "");
    fputs("</b> ", stream);
    if (key && strncmp(key, function, strlen(function)) != 0)
        mt_html_put_text(stream, function);
    fputs("</td></tr>\n", stream);
}

static void put_heading(FILE *stream, enum mt_group_by by, const char *after) {
    fputs("<table><tr>", stream);
    for (size_t c = 0; c < MOST_COLUMNS; c++)
        fprintf(stream, "<th>%s%s</th>", columns[c].heading, after);
    fprintf(stream, "<th></th><th>%s</th></tr>\n", mt_group_by_name(by));
}

static void put_rest(FILE *stream, size_t n, size_t shown, enum mt_group_by by) {
    char count[MT_FORMAT_BYTES];
    if (n > shown)
        fprintf(stream, "<p>%s more %s.</p>\n", mt_format_count(count, (int64_t)(n - shown)),
                mt_group_by_noun(by, n - shown == 1));
}

static int put_rows(FILE *stream, const struct mt_page_data *page) {
    const struct mt_rows *rows = page->rows;
    const struct mt_view_options *options = mt_rows_options(rows);
    int64_t whole = mt_rows_whole(rows, options->sort);
    size_t n = most_rows(page, mt_rows_count(rows));
    put_heading(stream, options->by, "");
    for (size_t i = 0; i < n; i++) {
        const struct mt_row *row = mt_rows_at(rows, i);
        char *key = mt_rows_key(rows, row);
        fputs("<tr>", stream);
        for (size_t c = 0; c < MOST_COLUMNS; c++)
            put_amount(stream, columns[c].value, row->value[columns[c].value], false);
        fprintf(stream, "<td><meter max=\"1\" value=\"%.4f\"></meter></td>",
                whole > 0 ? (double)row->value[options->sort] / (double)whole : 0);
        put_name(stream, key, mt_profile_text(mt_rows_profile(rows), row->function));
        free(key);
    }
    fputs("</table>\n", stream);
    put_rest(stream, mt_rows_count(rows), n, options->by);
    return 0;
}

static int put_changes(FILE *stream, const struct mt_page_data *page) {
    const struct mt_diff *diff = page->diff;
    size_t n = most_rows(page, mt_diff_count(diff));
    put_heading(stream, mt_diff_by(diff), " ±");
    for (size_t i = 0; i < n; i++) {
        const struct mt_diff_row *row = mt_diff_at(diff, i);
        enum mt_side side = mt_diff_named_by(row);
        const struct mt_profile *profile = mt_rows_profile(mt_diff_rows(diff, side));
        char *key = mt_diff_key(diff, row);
        fputs("<tr>", stream);
        for (size_t c = 0; c < MOST_COLUMNS; c++)
            put_amount(stream, columns[c].value, row->diff[columns[c].value], true);
        fprintf(stream, "<td>%s</td>",
                row->state == MT_DIFF_NEW        ? "new"
                : row->state == MT_DIFF_VANISHED ? "gone"
                                                 : "");
        put_name(stream, key, mt_profile_text(profile, row->row[side]->function));
        free(key);
    }
    fputs("</table>\n", stream);
    put_rest(stream, mt_diff_count(diff), n, mt_diff_by(diff));
    return 0;
}

static int put_sides(FILE *stream, const struct mt_page_data *page) {
    const struct mt_summary_format format = {.utf8 = true, .columns = LINE_COLUMNS};
    static const char *const labels[MT_N_SIDES] = {"old", "new"};
    struct mt_summary lines = {0};
    for (enum mt_side side = MT_OLD; side < MT_N_SIDES; side++)
        mt_summary_process_side(mt_rows_profile(mt_diff_rows(page->diff, side)), &format,
                                labels[side], page->profiles[side].name, &lines);
    return put_lines(stream, &lines);
}

int mt_static_put(FILE *stream, const struct mt_page_data *page) {
    int status = 0;
    fputs("<h1>", stream);
    mt_static_put_title(stream, page);
    fputs("</h1>\n", stream);
    if (page->rows) {
        status = put_head(stream, page->rows);
        return status ? status : put_rows(stream, page);
    }
    if (page->diff) {
        status = put_sides(stream, page);
        return status ? status : put_changes(stream, page);
    }
    fputs("<p>This page needs JavaScript to open a profile. It makes no requests.</p>\n", stream);
    return status;
}
