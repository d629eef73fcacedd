/* SPDX-License-Identifier: MIT */
/*
 * What has no room in the table of scopes: a block for each name.
 *
 *    request
 *      100 in 412 ms, 2 failed
 *      begins      src/server.c:12
 *      error       no such file
 *                        MEAN      STDDEV         MIN         P50         P95         MAX
 *      duration       4.12 ms     1.02 ms     2.11 ms      3.9 ms     6.01 ms     9.02 ms
 *      peak          68.0 KiB         0 B    68.0 KiB    68.0 KiB    68.0 KiB    68.0 KiB
 *      held           1.2 MiB before the latest, 1.2 MiB after it
 *
 * Values that are 0 in all scopes are left out.
 */
#include "text/scopes_details.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/saturate.h"
#include "view/format/format.h"

enum { LABEL = 12, CELL = 12 };

static const struct {
    const char *label;
    enum mt_scope_value value;
} lines[] = {{"duration", MT_SCOPE_DURATION_NS},      {"cpu", MT_SCOPE_CPU_NS},
             {"peak", MT_SCOPE_PEAK_BYTES},           {"net", MT_SCOPE_NET_BYTES},
             {"allocated", MT_SCOPE_ALLOCATED_BYTES}, {"freed", MT_SCOPE_FREED_BYTES},
             {"blocks", MT_SCOPE_ALLOCATED_BLOCKS}};

static bool is_time(enum mt_scope_value value) {
    return value == MT_SCOPE_DURATION_NS || value == MT_SCOPE_CPU_NS;
}

static void put_amount(const struct mt_terminal *terminal, enum mt_scope_value value, double amount,
                       bool exact) {
    char text[MT_FORMAT_BYTES];
    int64_t whole = (int64_t)round(amount);
    if (is_time(value))
        mt_format_duration(text, whole > 0 ? (uint64_t)whole : 0);
    else if (value == MT_SCOPE_ALLOCATED_BLOCKS)
        mt_format_count(text, whole);
    else
        mt_format_size(text, whole, exact);
    fprintf(terminal->stream, "%*s", CELL, text);
}

static void put_line(const struct mt_terminal *terminal, const struct mt_scope_row *row,
                     size_t line, bool exact) {
    enum mt_scope_value value = lines[line].value;
    const struct mt_scope_statistic *s = &row->value[value];
    fprintf(terminal->stream, "   %-*s", LABEL - 3, lines[line].label);
    put_amount(terminal, value, s->mean, exact);
    if (row->has_spread) {
        put_amount(terminal, value, s->stddev, exact);
        put_amount(terminal, value, (double)s->min, exact);
    } else {
        fprintf(terminal->stream, "%*s%*s", CELL, "-", CELL, "-");
    }
    put_amount(terminal, value, (double)s->p50, exact);
    put_amount(terminal, value, (double)s->p95, exact);
    put_amount(terminal, value, (double)s->max, exact);
    fputc('\n', terminal->stream);
}

static bool is_zero(const struct mt_scope_row *row, enum mt_scope_value value) {
    const struct mt_scope_statistic *s = &row->value[value];
    return s->sum == 0 && s->max == 0 && s->min == 0;
}

/* Puts a text of the program's, which may be anything. */
static void put_visible(const struct mt_terminal *terminal, enum mt_terminal_style style,
                        const struct mt_profile *profile, mt_string raw) {
    char *visible = mt_format_visible(mt_profile_text(profile, raw), terminal->utf8);
    mt_terminal_put(terminal, style, visible ? visible : "");
    free(visible);
}

static void put_heading(const struct mt_terminal *terminal, const struct mt_scopes_rows *rows,
                        const struct mt_scope_row *row) {
    fputc(' ', terminal->stream);
    put_visible(terminal, MT_STYLE_BOLD, rows->profile, row->name);
    if (row->group) {
        fputs(" (group ", terminal->stream);
        put_visible(terminal, MT_STYLE_NONE, rows->profile, row->group);
        fputc(')', terminal->stream);
    }
    mt_terminal_put(terminal, MT_STYLE_DIM, row->is_process ? " (process)" : "");
    fputc('\n', terminal->stream);
}

static void put_count(const struct mt_terminal *terminal, const char *before, uint64_t count,
                      const char *after) {
    char text[MT_FORMAT_BYTES];
    if (count)
        fprintf(terminal->stream, "%s%s%s", before,
                mt_format_count(text, mt_saturate_signed(count)), after);
}

static void put_counts(const struct mt_terminal *terminal, const struct mt_scope_row *row) {
    int64_t sum = row->value[MT_SCOPE_DURATION_NS].sum;
    char text[MT_FORMAT_BYTES];
    put_count(terminal, "   ", row->count, " in ");
    fputs(mt_format_duration(text, sum > 0 ? (uint64_t)sum : 0), terminal->stream);
    put_count(terminal, ", ", row->recursive, " recursive");
    put_count(terminal, ", ", row->unmeasured, " of them not measured");
    put_count(terminal, ", ", row->misuses, " not ended by memtrack_end");
    put_count(terminal, ", ", row->errors, " failed");
    fputc('\n', terminal->stream);
}

/* Where the first of them began, and what was said of the latest that failed. */
static void put_texts(const struct mt_terminal *terminal, const struct mt_scopes_rows *rows,
                      const struct mt_scope_row *row) {
    char line[16];
    size_t left = terminal->width > LABEL ? terminal->width - LABEL : 0;
    if (row->file) {
        int taken = snprintf(line, sizeof line, ":%" PRIu32, row->line);
        char *path = mt_format_shorten_path(mt_profile_text(rows->profile, row->file),
                                            left > (size_t)taken ? left - (size_t)taken : 1,
                                            terminal->ellipsis);
        char *visible = path ? mt_format_visible(path, terminal->utf8) : NULL;
        fprintf(terminal->stream, "   %-*s%s%s\n", LABEL - 3, "begins", visible ? visible : "",
                line);
        free(visible);
        free(path);
    }
    if (row->error) {
        fprintf(terminal->stream, "   %-*s", LABEL - 3, "error");
        mt_terminal_put_fitting(terminal, LABEL, MT_STYLE_WARN,
                                mt_profile_text(rows->profile, row->error));
        fputc('\n', terminal->stream);
    }
}

static void put_held(const struct mt_terminal *terminal, const struct mt_scope_row *row,
                     bool exact) {
    char before[MT_FORMAT_BYTES], after[MT_FORMAT_BYTES];
    if (row->has_latest)
        fprintf(terminal->stream, "   %-*s   %s before the latest, %s after it\n", LABEL - 3,
                "held", mt_format_size(before, row->latest_before_bytes, exact),
                mt_format_size(after, row->latest_after_bytes, exact));
}

static void put_titles(const struct mt_terminal *terminal) {
    static const char *const titles[] = {"MEAN", "STDDEV", "MIN", "P50", "P95", "MAX"};
    fprintf(terminal->stream, "%*s", LABEL, "");
    for (size_t i = 0; i < sizeof titles / sizeof *titles; i++) {
        fprintf(terminal->stream, "%*s", (int)(CELL - strlen(titles[i])), "");
        mt_terminal_put(terminal, MT_STYLE_DIM, titles[i]);
    }
    fputc('\n', terminal->stream);
}

void mt_scopes_details_print(const struct mt_terminal *terminal, const struct mt_scopes_rows *rows,
                             const struct mt_scopes_table_options *options) {
    size_t n = options->n && options->n < rows->n ? options->n : rows->n;
    char count[MT_FORMAT_BYTES];
    for (size_t i = 0; i < n; i++) {
        const struct mt_scope_row *row = &rows->items[i];
        fputs(i ? "\n" : "", terminal->stream);
        put_heading(terminal, rows, row);
        put_counts(terminal, row);
        put_texts(terminal, rows, row);
        put_titles(terminal);
        for (size_t line = 0; line < sizeof lines / sizeof *lines; line++)
            if (!is_zero(row, lines[line].value))
                put_line(terminal, row, line, options->exact_bytes);
        put_held(terminal, row, options->exact_bytes);
    }
    if (rows->n > n)
        fprintf(terminal->stream, "\n %s %s more name%s\n", terminal->ellipsis,
                mt_format_count(count, (int64_t)(rows->n - n)), rows->n - n == 1 ? "" : "s");
}
