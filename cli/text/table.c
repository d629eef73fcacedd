/* SPDX-License-Identifier: MIT */
/*
 * The table of a report:
 *
 *        PEAK                        LIVE    BLOCKS  LINE
 *    45.2 MiB  36.6% █████████    1.2 KiB    12,345  src/parse.c:140  parse_value
 *                                                      p = malloc(n);
 *    ...
 *    10.1 MiB   8.2%              4.0 KiB     1,234  … 123 more lines
 *   123.4 MiB 100.0%              1.2 MiB   999,999  total
 *
 * The column that the rows are sorted by comes first, with its share of the whole and a bar (of the
 * largest row, so that small shares can still be compared). Then as many other columns as leave the
 * name room; what does not fit beside the name goes below it. Every column adds up to its total:
 * what is not shown is summed in a row of its own. Widths are measured over the rows that are
 * printed, not guessed.
 */
#include "text/table.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/saturate.h"
#include "text/newer.h"
#include "text/table-local.h"
#include "view/format/format.h"
#include "view/margin.h"

enum {
    GAP = 2,
    INDENT = 1,
    BAR_NARROW = 6,
    BAR_WIDE = 12,
    WIDE_TERMINAL = 110,
    NAME_NARROW = 40,
    NAME_WIDE = 50,
    NAME_LEAST = 20,
    NAME_TINY = 8,
    HOT_PERCENT = 20,
    WARM_PERCENT = 5
};

static const struct {
    const char *title;
    bool is_bytes;
} headings[MT_N_VALUES] = {
    [MT_VALUE_TOTAL_BLOCKS] = {"BLOCKS", false},   [MT_VALUE_TOTAL_BYTES] = {"TOTAL", true},
    [MT_VALUE_LIVE_BLOCKS] = {"LIVE BLKS", false}, [MT_VALUE_LIVE_BYTES] = {"LIVE", true},
    [MT_VALUE_PEAK_BLOCKS] = {"PEAK BLKS", false}, [MT_VALUE_PEAK_BYTES] = {"PEAK", true},
    [MT_VALUE_TEMPORARY_BLOCKS] = {"TEMP", false}, [MT_VALUE_MAX_BYTES] = {"MAX", true},
    [MT_VALUE_WASTE_BYTES] = {"WASTE", true},
};

/* ---- cells ----------------------------------------------------------------------------------- */

enum { CELL_BYTES = MT_FORMAT_BYTES + MT_MARGIN_BYTES + 8 };

static const char *cell(const struct table *t, const struct mt_row *row, enum mt_value value,
                        char buffer[CELL_BYTES]) {
    char number[MT_FORMAT_BYTES], margin[MT_MARGIN_BYTES];
    if (!mt_rows_has(t->rows, value))
        return "-";
    bool is_bound = value == MT_VALUE_MAX_BYTES && mt_rows_max_is_bound(t->rows, row);
    if (headings[value].is_bytes)
        mt_format_size(number, row->value[value], t->options->exact_bytes);
    else
        mt_format_count(number, row->value[value]);
    mt_margin_text(margin, row->value[value], mt_rows_margin(t->rows, row, value),
                   t->terminal->utf8);
    snprintf(buffer, CELL_BYTES, "%s%s%s", is_bound ? (t->terminal->utf8 ? "≤" : "<=") : "", number,
             margin);
    return buffer;
}

static const char *heading(const struct table *t, enum mt_value value, char buffer[CELL_BYTES]) {
    bool is_sampled = mt_rows_profile(t->rows)->info.sample_bytes != 0;
    snprintf(buffer, CELL_BYTES, "%s%s", is_sampled ? "~" : "", headings[value].title);
    return buffer;
}

static void pad_left(const struct table *t, size_t width, enum mt_terminal_style style,
                     const char *text) {
    size_t taken = mt_format_width(text);
    fprintf(t->terminal->stream, "%*s", (int)(width > taken ? width - taken : 0), "");
    mt_terminal_put(t->terminal, style, text);
}

/* ---- layout ---------------------------------------------------------------------------------- */

static void widen(struct table *t, struct column *column, const struct mt_row *row) {
    char buffer[CELL_BYTES];
    size_t width = mt_format_width(cell(t, row, column->value, buffer));
    if (width > column->width)
        column->width = width;
}

static struct column measure(struct table *t, enum mt_value value) {
    char buffer[CELL_BYTES];
    struct column column = {.value = value, .width = mt_format_width(heading(t, value, buffer))};
    for (size_t i = 0; i < t->n_shown; i++)
        widen(t, &column, mt_rows_at(t->rows, i));
    for (size_t i = 0; i < t->n_sums; i++)
        widen(t, &column, &t->sums[i]);
    widen(t, &column, &t->more);
    widen(t, &column, &t->filtered_out);
    if (!t->options->is_brief)
        widen(t, &column, mt_rows_all(t->rows));
    return column;
}

void mt_table_lay_out(struct table *t) {
    static const enum mt_value preferred[] = {
        MT_VALUE_PEAK_BYTES,       MT_VALUE_LIVE_BYTES, MT_VALUE_TOTAL_BYTES, MT_VALUE_TOTAL_BLOCKS,
        MT_VALUE_TEMPORARY_BLOCKS, MT_VALUE_MAX_BYTES,  MT_VALUE_WASTE_BYTES};
    size_t width = t->terminal->width;
    bool is_wide = width >= WIDE_TERMINAL;
    size_t name = t->name_least ? t->name_least
                  : is_wide     ? NAME_WIDE
                                : NAME_NARROW,
           most = t->options->n_columns;
    enum mt_value sort = mt_rows_options(t->rows)->sort;
    t->bar_width = t->has_no_bar ? 0 : is_wide && !t->name_least ? BAR_WIDE : BAR_NARROW;
    t->columns[t->n_columns++] = measure(t, sort);
    t->percent_width = PERCENT_WIDTH + mt_rows_has_negative(t->rows, sort); /* "-100.0%" */
    size_t used = INDENT + t->columns[0].width + 1 + t->percent_width + 1 + t->bar_width + GAP;
    if (used + NAME_LEAST > width) { /* a name is worth more than a bar */
        used -= t->bar_width;
        t->bar_width = 0;
    }
    for (size_t i = 0; i < sizeof preferred / sizeof *preferred; i++) {
        if (preferred[i] == sort || !mt_rows_has(t->rows, preferred[i]))
            continue;
        struct column column = measure(t, preferred[i]);
        if (used + column.width + GAP + name > width || (most && t->n_columns > most))
            break;
        used += column.width + GAP;
        t->columns[t->n_columns++] = column;
    }
    t->name_column = used;
    t->name_width = t->options->full           ? SIZE_MAX / 2
                    : width > used + NAME_TINY ? width - used
                                               : NAME_TINY;
}

/* ---- numbers --------------------------------------------------------------------------------- */

static void put_bar(const struct table *t, const struct mt_row *row) {
    static const char *const eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    enum mt_value sort = t->columns[0].value;
    int64_t largest = t->bar_whole ? t->bar_whole
                      : t->n_shown ? mt_rows_at(t->rows, 0)->value[sort]
                                   : 0;
    double share =
        largest > 0 && row->value[sort] > 0 ? (double)row->value[sort] / (double)largest : 0;
    size_t units = (size_t)(share * (double)t->bar_width * 8 + 0.5), taken = 0;
    FILE *stream = t->terminal->stream;
    fputs(mt_terminal_style(t->terminal, MT_STYLE_BAR), stream);
    for (; units >= (t->terminal->utf8 ? 8 : 4) && taken < t->bar_width; taken++) {
        fputs(t->terminal->utf8 ? "█" : "#", stream);
        units = units > 8 ? units - 8 : 0;
    }
    if (t->terminal->utf8 && units && taken < t->bar_width) {
        fputs(eighths[units], stream);
        taken++;
    }
    fprintf(stream, "%s%*s", mt_terminal_style(t->terminal, MT_STYLE_NONE),
            (int)(t->bar_width - taken), "");
}

enum mt_terminal_style mt_table_heat(const struct table *t, const struct mt_row *row,
                                     enum mt_terminal_style cold) {
    enum mt_value sort = t->columns[0].value;
    double whole = (double)mt_rows_whole(t->rows, sort),
           share = whole > 0 ? 100 * (double)mt_saturate_magnitude(row->value[sort]) / whole : 0;
    return share >= HOT_PERCENT ? MT_STYLE_ERROR : share >= WARM_PERCENT ? MT_STYLE_WARN : cold;
}

void mt_table_put_numbers(const struct table *t, const struct mt_row *row, bool is_sum) {
    FILE *stream = t->terminal->stream;
    char buffer[CELL_BYTES], percent[MT_FORMAT_BYTES];
    enum mt_value sort = t->columns[0].value;
    mt_format_percent(percent, row->value[sort], mt_rows_whole(t->rows, sort));
    fprintf(stream, "%*s", INDENT, "");
    pad_left(t, t->columns[0].width, is_sum ? MT_STYLE_NONE : MT_STYLE_BOLD,
             cell(t, row, sort, buffer));
    fputc(' ', stream);
    pad_left(t, t->percent_width,
             t->has_heat && !is_sum ? mt_table_heat(t, row, MT_STYLE_NONE) : MT_STYLE_NONE,
             percent);
    fputc(' ', stream);
    if (is_sum || t->bar_width == 0)
        fprintf(stream, "%*s", (int)t->bar_width, "");
    else
        put_bar(t, row);
    for (size_t i = 1; i < t->n_columns; i++) {
        fprintf(stream, "%*s", GAP, "");
        pad_left(t, t->columns[i].width, MT_STYLE_NONE, cell(t, row, t->columns[i].value, buffer));
    }
    fprintf(stream, "%*s", GAP, "");
}

void mt_table_put_heading(const struct table *t) {
    char buffer[CELL_BYTES];
    fprintf(t->terminal->stream, "%*s", INDENT, "");
    pad_left(t, t->columns[0].width, MT_STYLE_DIM, heading(t, t->columns[0].value, buffer));
    fprintf(t->terminal->stream, "%*s", (int)(1 + t->percent_width + 1 + t->bar_width), "");
    for (size_t i = 1; i < t->n_columns; i++) {
        fprintf(t->terminal->stream, "%*s", GAP, "");
        pad_left(t, t->columns[i].width, MT_STYLE_DIM, heading(t, t->columns[i].value, buffer));
    }
    fprintf(t->terminal->stream, "%*s", GAP, "");
    mt_terminal_put(t->terminal, MT_STYLE_DIM,
                    t->name_heading ? t->name_heading
                                    : mt_group_by_heading(mt_rows_options(t->rows)->by));
    fputc('\n', t->terminal->stream);
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* Rows that have nothing in the sort column are not shown unless all are asked for. */
static size_t count_shown(const struct mt_rows *rows, size_t n) {
    size_t count = mt_rows_count(rows), shown = 0;
    enum mt_value sort = mt_rows_options(rows)->sort;
    if (n == 0)
        return count;
    n = n < count ? n : count;
    if (!mt_rows_has(rows, sort)) /* nothing to tell them apart by */
        return n;
    while (shown < n && mt_rows_at(rows, shown)->value[sort] != 0)
        shown++;
    return shown;
}

/* variance is room for that of sampled figures; *difference will point to it. */
static void subtract(struct mt_row *difference, const struct mt_row *from, const struct mt_row *row,
                     double variance[MT_N_VALUES]) {
    *difference = *from;
    difference->variance = variance;
    for (size_t v = 0; v < MT_N_VALUES; v++) {
        if (__builtin_sub_overflow(from->value[v], row->value[v], &difference->value[v]))
            difference->value[v] = 0;
        difference->variance[v] =
            from->variance[v] > row->variance[v] ? from->variance[v] - row->variance[v] : 0;
    }
    difference->n_sites = from->n_sites - row->n_sites;
}

static void put_sums(const struct table *t) {
    FILE *stream = t->terminal->stream;
    const struct mt_view_options *options = mt_rows_options(t->rows);
    size_t n_more = mt_rows_count(t->rows) - t->n_shown;
    char text[96], count[MT_FORMAT_BYTES];
    snprintf(text, sizeof text, "%s %s more %s", t->terminal->ellipsis,
             mt_format_count(count, (int64_t)n_more), mt_group_by_noun(options->by, n_more == 1));
    if (n_more && options->cumulative) {
        fprintf(stream, "%*s", (int)t->name_column, "");
        mt_terminal_put_fitting(t->terminal, t->name_column, MT_STYLE_DIM, text);
        fputc('\n', stream);
    } else if (n_more) {
        mt_table_put_numbers(t, &t->more, true);
        mt_terminal_put_fitting(t->terminal, t->name_column, MT_STYLE_DIM, text);
        fputc('\n', stream);
    }
    if (mt_rows_is_filtered(t->rows)) {
        mt_table_put_numbers(t, &t->filtered_out, true);
        mt_terminal_put(t->terminal, MT_STYLE_DIM, "filtered out");
        fputc('\n', stream);
    }
    mt_table_put_numbers(t, mt_rows_all(t->rows), true);
    mt_terminal_put(t->terminal, MT_STYLE_BOLD, "total");
    if (options->cumulative)
        mt_terminal_put_fitting(t->terminal, t->name_column + strlen("total"), MT_STYLE_DIM,
                                " (cumulative rows overlap)");
    fputc('\n', stream);
}

/* Returns a column in which a row has something; MT_N_VALUES: there is none. */
static enum mt_value other_column(const struct mt_rows *rows) {
    static const enum mt_value others[] = {MT_VALUE_PEAK_BYTES, MT_VALUE_LIVE_BYTES,
                                           MT_VALUE_TOTAL_BYTES, MT_VALUE_TOTAL_BLOCKS};
    for (size_t c = 0; c < sizeof others / sizeof *others; c++)
        for (size_t i = 0; mt_rows_has(rows, others[c]) && i < mt_rows_count(rows); i++)
            if (mt_rows_at(rows, i)->value[others[c]] != 0)
                return others[c];
    return MT_N_VALUES;
}

/* Writes "Nothing was live at exit. Try --sort peak." */
static void explain_nothing(const struct mt_rows *rows, char *text, size_t bytes) {
    enum mt_value sort = mt_rows_options(rows)->sort, other = other_column(rows);
    bool is_live = sort == MT_VALUE_LIVE_BYTES || sort == MT_VALUE_LIVE_BLOCKS;
    char why[64] = "The profile has no samples.", try[48] = "";
    if (mt_rows_count(rows) && is_live && mt_rows_options(rows)->at.kind == MT_AT_END)
        snprintf(why, sizeof why, "Nothing was live %s.",
                 mt_rows_profile(rows)->info.running      ? "when this was read"
                 : mt_rows_profile(rows)->info.exit_known ? "at exit"
                                                          : "at the end of the recording");
    else if (mt_rows_count(rows))
        snprintf(why, sizeof why, "%s is 0 in every row.", mt_sort_name(sort));
    if (other != MT_N_VALUES)
        snprintf(try, sizeof try, " Try --sort %s.", mt_sort_name(other));
    snprintf(text, bytes, "%s%s", why, try);
}

bool mt_table_put_nothing(const struct table *t) {
    char text[128] = "Nothing passes the filters.";
    if (t->n_shown)
        return false;
    if (mt_rows_count(t->rows) || !mt_rows_is_filtered(t->rows))
        explain_nothing(t->rows, text, sizeof text);
    fprintf(t->terminal->stream, "%*s", INDENT, "");
    mt_terminal_put_wrapped(t->terminal, INDENT, MT_STYLE_DIM, text);
    fputc('\n', t->terminal->stream);
    return true;
}

void mt_table_prepare(struct table *t) {
    mt_table_label_init(t);
    t->n_shown = count_shown(t->rows, t->options->n);
    t->more = (struct mt_row){.sample = UINT32_MAX};
    if (!t->options->is_brief)
        mt_rows_sum_from(t->rows, t->n_shown, &t->more, t->more_variance);
    subtract(&t->filtered_out, mt_rows_all(t->rows), mt_rows_passed(t->rows),
             t->filtered_out_variance);
}

void mt_table_print(const struct mt_terminal *terminal, const struct mt_rows *rows,
                    const struct mt_table_options *options) {
    size_t n_newer = 0;
    struct table_stack above = {0};
    struct table t = {.terminal = terminal,
                      .rows = rows,
                      .options = options,
                      .above = &above,
                      .n_newer = &n_newer};
    mt_table_prepare(&t);
    if (!mt_table_put_nothing(&t)) {
        mt_table_lay_out(&t);
        mt_table_label_put_notes(&t);
        mt_table_put_heading(&t);
        for (size_t i = 0; i < t.n_shown; i++) {
            mt_table_put_numbers(&t, mt_rows_at(rows, i), false);
            mt_table_label_put(&t, mt_rows_at(rows, i));
        }
        if (!options->is_brief)
            put_sums(&t);
        mt_newer_put_note(terminal, n_newer);
    }
    mt_table_label_free(&t);
    mt_table_stack_free(&above);
}
