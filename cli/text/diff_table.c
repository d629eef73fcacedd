/* SPDX-License-Identifier: MIT */
/*
 * The text of a difference:
 *
 *   old        a.pb.gz: ./server (process 41), 2 min 3 s from …, exit status 0
 *   new        b.pb.gz: …
 *
 *                  OLD        NEW     CHANGE
 *   live       1.2 MiB    3.4 MiB   +2.2 MiB +183.3%
 *     blocks       123        456       +333 +270.7%
 *   …
 *
 *   LIVE CHANGE      OLD      NEW  BLOCKS        LINE
 *      +2.2 MiB      0 B  2.2 MiB    +333  new   src/cache.c:120  cache_insert
 *                                                  e = malloc(sizeof *e);
 *       -12 KiB   12 KiB      0 B      -3  gone  src/cache.c:80  cache_find
 *       ...
 *
 * Growth is red and shrinking green; words say what is new or gone, so that nothing depends on
 * colour. Names come from table_label.c, by the side that has the row.
 */
#include "text/diff_table.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "text/lines.h"
#include "text/newer.h"
#include "text/roots.h"
#include "text/table-local.h"
#include "view/format/format.h"
#include "view/summary/summary.h"

enum {
    GAP = 2,
    INDENT = 1,
    NAME_NARROW = 30,
    NAME_WIDE = 50,
    WIDE_TERMINAL = 110,
    STATE_WIDTH = 4,
    NAME_TINY = 8
};

enum cell_kind { CELL_CHANGE, CELL_OLD, CELL_NEW };

struct cell_column {
    enum mt_value value;
    enum cell_kind kind;
    const char *heading;
    size_t width;
};

struct view {
    const struct mt_terminal *terminal;
    const struct mt_diff *diff;
    const struct mt_table_options *options;
    struct table names[MT_N_SIDES];
    struct table_stack above;
    size_t n_newer;
    size_t n_shown;
    struct mt_diff_row more, filtered_out;
    struct cell_column columns[6];
    size_t n_columns, name_column;
    bool has_states;
    char heading[32];
};

/* ---- cells ----------------------------------------------------------------------------------- */

static void pad_left(const struct mt_terminal *terminal, size_t width, enum mt_terminal_style style,
                     const char *text) {
    size_t taken = mt_format_width(text);
    fprintf(terminal->stream, "%*s", (int)(width > taken ? width - taken : 0), "");
    mt_terminal_put(terminal, style, text);
}

static enum mt_terminal_style style_of(int64_t change) {
    return change > 0 ? MT_STYLE_MORE : change < 0 ? MT_STYLE_LESS : MT_STYLE_NONE;
}

static char *format_value(char buffer[MT_FORMAT_BYTES], enum mt_value value, int64_t number,
                          bool exact) {
    return mt_sort_is_bytes(value) ? mt_format_size(buffer, number, exact)
                                   : mt_format_count(buffer, number);
}

static char *format_change(char buffer[MT_FORMAT_BYTES], enum mt_value value, int64_t number,
                           bool exact) {
    return mt_sort_is_bytes(value) ? mt_format_size_change(buffer, number, exact)
                                   : mt_format_count_change(buffer, number);
}

enum { CELL_BYTES = 2 * MT_FORMAT_BYTES + 8 };

/* Writes a change with its margin, since a change that is within it may be none:
 * "+1.2 KiB ±3.4 KiB". */
static const char *put_change(const struct view *v, char buffer[CELL_BYTES], enum mt_value value,
                              int64_t change, int64_t margin) {
    char number[MT_FORMAT_BYTES], most[MT_FORMAT_BYTES];
    bool exact = v->options->exact_bytes;
    format_change(number, value, change, exact);
    format_value(most, value, margin, exact);
    snprintf(buffer, CELL_BYTES, "%s%s%s", number, margin ? v->terminal->utf8 ? " ±" : " +-" : "",
             margin ? most : "");
    return buffer;
}

static const char *cell(const struct view *v, const struct mt_diff_row *row,
                        const struct cell_column *column, char buffer[CELL_BYTES]) {
    enum mt_side side = column->kind == CELL_OLD ? MT_OLD : MT_NEW;
    if (column->kind == CELL_CHANGE)
        return mt_diff_has(v->diff, column->value)
                   ? put_change(v, buffer, column->value, row->diff[column->value],
                                mt_diff_margin(row, column->value))
                   : "-";
    return mt_diff_side_has(v->diff, side, column->value)
               ? format_value(buffer, column->value, row->value[side][column->value],
                              v->options->exact_bytes)
               : "-";
}

/* ---- totals ---------------------------------------------------------------------------------- */

struct total {
    const char *label;
    enum mt_value value;
    int64_t of[MT_N_SIDES];
};
enum { N_TOTALS = 6, TOTALS_LABEL = 11, TOTALS_MIN_WIDTH = 9 };

static void collect_totals(const struct mt_diff *diff, struct total totals[N_TOTALS]) {
    static const struct {
        const char *label;
        enum mt_value value;
    } lines[N_TOTALS] = {
        {"live", MT_VALUE_LIVE_BYTES},   {"  blocks", MT_VALUE_LIVE_BLOCKS},
        {"peak", MT_VALUE_PEAK_BYTES},   {"  blocks", MT_VALUE_PEAK_BLOCKS},
        {"total", MT_VALUE_TOTAL_BYTES}, {"  blocks", MT_VALUE_TOTAL_BLOCKS},
    };
    for (size_t i = 0; i < N_TOTALS; i++) {
        totals[i] = (struct total){.label = lines[i].label, .value = lines[i].value};
        for (enum mt_side side = MT_OLD; side < MT_N_SIDES; side++)
            totals[i].of[side] = mt_rows_total(mt_diff_rows(diff, side), lines[i].value);
    }
}

static int64_t difference(int64_t new, int64_t old) {
    int64_t result;
    return __builtin_sub_overflow(new, old, &result) ? (new < 0 ? INT64_MIN : INT64_MAX) : result;
}

/* Writes the texts of old, new and change, and returns the change. */
static int64_t total_cells(const struct view *v, const struct total *total,
                           char cells[3][CELL_BYTES]) {
    bool exact = v->options->exact_bytes;
    const int64_t *of = total->of;
    for (enum mt_side side = MT_OLD; side < MT_N_SIDES; side++)
        if (mt_diff_side_has(v->diff, side, total->value))
            format_value(cells[side], total->value, of[side], exact);
        else
            snprintf(cells[side], CELL_BYTES, "-");
    if (!mt_diff_has(v->diff, total->value)) {
        snprintf(cells[2], CELL_BYTES, "-");
        return 0;
    }
    int64_t change = difference(of[MT_NEW], of[MT_OLD]);
    put_change(v, cells[2], total->value, change,
               mt_diff_margin(mt_diff_all(v->diff), total->value));
    return change;
}

/* A percentage of less than nothing says nothing. */
static void put_percent(const struct mt_terminal *terminal, int64_t change, int64_t of) {
    char percent[MT_FORMAT_BYTES], text[MT_FORMAT_BYTES + 2];
    if (change == 0 || of <= 0)
        return;
    mt_format_percent(percent, change, of);
    snprintf(text, sizeof text, "%s%s", change > 0 && *percent != '<' ? "+" : "", percent);
    fprintf(terminal->stream, "%*s", GAP, "");
    pad_left(terminal, PERCENT_WIDTH + 1, MT_STYLE_NONE, text);
}

static void put_totals(const struct view *v) {
    static const char *const headings[] = {"OLD", "NEW", "CHANGE"};
    const struct mt_terminal *terminal = v->terminal;
    struct total totals[N_TOTALS];
    char cells[N_TOTALS][3][CELL_BYTES];
    int64_t change[N_TOTALS];
    size_t width[3] = {TOTALS_MIN_WIDTH, TOTALS_MIN_WIDTH, TOTALS_MIN_WIDTH};
    collect_totals(v->diff, totals);
    for (size_t i = 0; i < N_TOTALS; i++) {
        change[i] = total_cells(v, &totals[i], cells[i]);
        for (size_t k = 0; k < 3; k++)
            width[k] =
                mt_format_width(cells[i][k]) > width[k] ? mt_format_width(cells[i][k]) : width[k];
    }
    size_t used = INDENT + TOTALS_LABEL + width[0] + GAP + width[1] + GAP + width[2], first = 0;
    for (; used > terminal->width && first < 2; first++) /* the change is what is asked for */
        used -= width[first] + GAP;
    bool with_percents = used + GAP + PERCENT_WIDTH + 2 <= terminal->width;
    fprintf(terminal->stream, "\n%*s", INDENT + TOTALS_LABEL, "");
    for (size_t k = first; k < 3; k++) {
        pad_left(terminal, width[k], MT_STYLE_DIM, headings[k]);
        fprintf(terminal->stream, "%*s", k < 2 ? GAP : 0, "");
    }
    fputc('\n', terminal->stream);
    for (size_t i = 0; i < N_TOTALS; i++) {
        if (!mt_diff_side_has(v->diff, MT_OLD, totals[i].value) &&
            !mt_diff_side_has(v->diff, MT_NEW, totals[i].value))
            continue;
        fprintf(terminal->stream, "%*s", INDENT, "");
        mt_terminal_put(terminal, MT_STYLE_DIM, totals[i].label);
        fprintf(terminal->stream, "%*s", (int)(TOTALS_LABEL - strlen(totals[i].label)), "");
        for (size_t k = first; k < 3; k++)
            pad_left(terminal, width[k] + (k > first ? GAP : 0),
                     k == 2 ? style_of(change[i]) : MT_STYLE_NONE, cells[i][k]);
        if (with_percents)
            put_percent(terminal, change[i], totals[i].of[MT_OLD]);
        fputc('\n', terminal->stream);
    }
}

static bool facts_equal(const struct mt_summary *x, const struct mt_summary *y) {
    bool equal = x->n == y->n;
    for (size_t i = 0; i < x->n && equal; i++)
        equal = strcmp(x->items[i].text, y->items[i].text) == 0;
    return equal;
}

/* Adds what each side did not see, once when both say the same. */
static void add_coverage(const struct view *v, const struct mt_summary_format *format,
                         struct mt_summary *lines) {
    static const char *const labels[] = {"of old", "of new"};
    struct mt_summary coverage[MT_N_SIDES] = {0};
    for (enum mt_side side = MT_OLD; side < MT_N_SIDES; side++)
        mt_summary_coverage(mt_diff_rows(v->diff, side), format, &coverage[side]);
    bool same = facts_equal(&coverage[MT_OLD], &coverage[MT_NEW]);
    for (enum mt_side side = same ? MT_NEW : MT_OLD; side < MT_N_SIDES; side++)
        for (size_t i = 0; i < coverage[side].n; i++)
            mt_summary_add(lines,
                           i      ? ""
                           : same ? "coverage"
                                  : labels[side],
                           coverage[side].items[i].is_warning, "%s", coverage[side].items[i].text);
    lines->failed |= coverage[MT_OLD].failed || coverage[MT_NEW].failed;
    mt_summary_free(&coverage[MT_OLD]);
    mt_summary_free(&coverage[MT_NEW]);
}

static void put_head(const struct view *v, const char *const names[MT_N_SIDES]) {
    static const char *const labels[] = {"old", "new"};
    struct mt_summary_format format =
        mt_lines_format(v->terminal, v->options->exact_bytes, v->options->verbose);
    struct mt_summary lines = {0};
    const char *note;
    for (enum mt_side side = MT_OLD; side < MT_N_SIDES; side++)
        mt_summary_process_side(mt_rows_profile(mt_diff_rows(v->diff, side)), &format, labels[side],
                                names[side], &lines);
    for (size_t i = 0; (note = mt_diff_note(v->diff, i)); i++)
        mt_summary_add(&lines, i ? "" : "builds", false, "%s", note);
    add_coverage(v, &format, &lines);
    mt_lines_print(v->terminal, &lines);
    put_totals(v);
}

/* ---- layout ---------------------------------------------------------------------------------- */

static void widen(const struct view *v, struct cell_column *column, const struct mt_diff_row *row) {
    char buffer[CELL_BYTES];
    size_t width = mt_format_width(cell(v, row, column, buffer));
    column->width = width > column->width ? width : column->width;
}

static struct cell_column measure(const struct view *v, struct cell_column column) {
    column.width = mt_format_width(column.heading);
    for (size_t i = 0; i < v->n_shown; i++)
        widen(v, &column, mt_diff_at(v->diff, i));
    widen(v, &column, &v->more);
    widen(v, &column, &v->filtered_out);
    widen(v, &column, mt_diff_all(v->diff));
    return column;
}

/* Makes a heading such as "LIVE CHANGE". */
static void make_heading(struct view *v) {
    snprintf(v->heading, sizeof v->heading, "%s CHANGE", mt_sort_name(mt_diff_sort(v->diff)));
    for (char *at = v->heading; *at; at++)
        *at = (char)toupper((unsigned char)*at);
}

/* Chooses the columns: the change and what it is between, then those three of the companion, as far
 * as names have room. */
static void lay_out(struct view *v) {
    enum mt_value sort = mt_diff_sort(v->diff), other = mt_diff_companion(sort);
    make_heading(v);
    const struct cell_column wanted[] = {
        {sort, CELL_CHANGE, v->heading, 0},
        {sort, CELL_OLD, "OLD", 0},
        {sort, CELL_NEW, "NEW", 0},
        {other, CELL_CHANGE, mt_sort_is_bytes(other) ? "BYTES" : "BLOCKS", 0},
        {other, CELL_OLD, "OLD", 0},
        {other, CELL_NEW, "NEW", 0},
    };
    size_t width = v->terminal->width, name = width >= WIDE_TERMINAL ? NAME_WIDE : NAME_NARROW;
    for (size_t i = 0; i < v->n_shown; i++)
        v->has_states |= mt_diff_at(v->diff, i)->state != MT_DIFF_BOTH;
    size_t used = INDENT + (v->has_states ? STATE_WIDTH + GAP : 0);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        if (i >= 3 && !mt_diff_has(v->diff, other))
            break;
        struct cell_column column = measure(v, wanted[i]);
        /* old and new of the companion come together or not at all */
        size_t needed = column.width + GAP + (i == 4 ? measure(v, wanted[5]).width + GAP : 0);
        if (i > 0 && used + needed + name > width)
            break;
        used += column.width + GAP;
        v->columns[v->n_columns++] = column;
    }
    v->name_column = used;
    for (enum mt_side side = MT_OLD; side < MT_N_SIDES; side++) {
        v->names[side].name_column = used;
        v->names[side].name_width = v->options->full           ? SIZE_MAX / 2
                                    : width > used + NAME_TINY ? width - used
                                                               : NAME_TINY;
    }
}

/* ---- rows ------------------------------------------------------------------------------------ */

static void put_state(const struct view *v, const char *text, enum mt_terminal_style style) {
    if (!v->has_states)
        return;
    mt_terminal_put(v->terminal, style, text);
    fprintf(v->terminal->stream, "%*s", (int)(STATE_WIDTH - strlen(text) + GAP), "");
}

/* Prints everything that is to the left of the state. */
static void put_numbers(const struct view *v, const struct mt_diff_row *row) {
    fprintf(v->terminal->stream, "%*s", INDENT, "");
    for (size_t i = 0; i < v->n_columns; i++) {
        const struct cell_column *column = &v->columns[i];
        char buffer[CELL_BYTES];
        bool is_change = column->kind == CELL_CHANGE;
        pad_left(v->terminal, column->width,
                 is_change ? style_of(row->diff[column->value]) : MT_STYLE_NONE,
                 cell(v, row, column, buffer));
        fprintf(v->terminal->stream, "%*s", GAP, "");
    }
}

static void put_heading(const struct view *v) {
    fprintf(v->terminal->stream, "%*s", INDENT, "");
    for (size_t i = 0; i < v->n_columns; i++) {
        pad_left(v->terminal, v->columns[i].width, MT_STYLE_DIM, v->columns[i].heading);
        fprintf(v->terminal->stream, "%*s", GAP, "");
    }
    put_state(v, "", MT_STYLE_NONE);
    mt_terminal_put(v->terminal, MT_STYLE_DIM, mt_group_by_heading(mt_diff_by(v->diff)));
    fputc('\n', v->terminal->stream);
}

static void put_row(struct view *v, const struct mt_diff_row *row) {
    enum mt_side side = mt_diff_named_by(row);
    struct table names = v->names[side];
    char was[32];
    put_numbers(v, row);
    put_state(v,
              row->state == MT_DIFF_NEW        ? "new"
              : row->state == MT_DIFF_VANISHED ? "gone"
                                               : "",
              row->state == MT_DIFF_NEW ? MT_STYLE_MORE : MT_STYLE_LESS);
    names.was = mt_diff_was(v->diff, row, was);
    if (side == MT_OLD && row->is_rebuilt)
        names.source = NULL; /* what stands there now may be another build's */
    mt_table_label_put(&names, row->row[side]);
}

static void put_sum(const struct view *v, const struct mt_diff_row *row,
                    enum mt_terminal_style style, const char *text) {
    put_numbers(v, row);
    put_state(v, "", MT_STYLE_NONE);
    mt_terminal_put_fitting(v->terminal, v->name_column, style, text);
}

static void put_sums(const struct view *v) {
    FILE *stream = v->terminal->stream;
    size_t n_more = mt_diff_count(v->diff) - v->n_shown;
    char text[96], count[MT_FORMAT_BYTES];
    snprintf(text, sizeof text, "%s %s more %s", v->terminal->ellipsis,
             mt_format_count(count, (int64_t)n_more),
             mt_group_by_noun(mt_diff_by(v->diff), n_more == 1));
    if (n_more && mt_diff_is_cumulative(v->diff)) {
        fprintf(stream, "%*s", (int)v->name_column, "");
        mt_terminal_put_fitting(v->terminal, v->name_column, MT_STYLE_DIM, text);
        fputc('\n', stream);
    } else if (n_more) {
        put_sum(v, &v->more, MT_STYLE_DIM, text);
        fputc('\n', stream);
    }
    if (mt_diff_is_filtered(v->diff)) {
        put_sum(v, &v->filtered_out, MT_STYLE_DIM, "filtered out");
        fputc('\n', stream);
    }
    put_sum(v, mt_diff_all(v->diff), MT_STYLE_BOLD, "total");
    if (mt_diff_is_cumulative(v->diff))
        mt_terminal_put_fitting(v->terminal, v->name_column + strlen("total"), MT_STYLE_DIM,
                                " (cumulative rows overlap)");
    fputc('\n', stream);
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* Rows in which nothing has changed are not shown unless all are asked for. */
static size_t count_shown(const struct mt_diff *diff, size_t n) {
    size_t count = mt_diff_count(diff), shown = 0;
    if (n == 0)
        return count;
    while (shown < n && shown < count && mt_diff_at(diff, shown)->diff[mt_diff_sort(diff)] != 0)
        shown++;
    return shown;
}

static void find_filtered_out(struct view *v) {
    const struct mt_diff_row *all = mt_diff_all(v->diff), *passed = mt_diff_passed(v->diff);
    for (size_t i = 0; i < MT_N_VALUES; i++) {
        for (enum mt_side side = MT_OLD; side < MT_N_SIDES; side++)
            if (__builtin_sub_overflow(all->value[side][i], passed->value[side][i],
                                       &v->filtered_out.value[side][i]))
                v->filtered_out.value[side][i] = 0;
        if (__builtin_sub_overflow(all->diff[i], passed->diff[i], &v->filtered_out.diff[i]))
            v->filtered_out.diff[i] = 0;
    }
}

/* Returns another column that differs; MT_N_VALUES: there is none. */
static enum mt_value other_column(const struct mt_diff *diff) {
    static const enum mt_value others[] = {MT_VALUE_PEAK_BYTES, MT_VALUE_LIVE_BYTES,
                                           MT_VALUE_TOTAL_BYTES, MT_VALUE_TOTAL_BLOCKS};
    for (size_t c = 0; c < sizeof others / sizeof *others; c++)
        for (size_t i = 0; others[c] != mt_diff_sort(diff) && mt_diff_has(diff, others[c]) &&
                           i < mt_diff_count(diff);
             i++)
            if (mt_diff_at(diff, i)->diff[others[c]] != 0)
                return others[c];
    return MT_N_VALUES;
}

static void put_nothing(const struct view *v) {
    enum mt_value other = other_column(v->diff);
    char text[160] = "Nothing passes the filters.", more[80] = "";
    if (other != MT_N_VALUES)
        snprintf(more, sizeof more, " Try --sort %s.", mt_sort_name(other));
    if (!mt_diff_is_filtered(v->diff) || mt_diff_count(v->diff) != 0)
        snprintf(text, sizeof text, "No row differs in %s.%s", mt_sort_name(mt_diff_sort(v->diff)),
                 more);
    fprintf(v->terminal->stream, "%*s", INDENT, "");
    mt_terminal_put_wrapped(v->terminal, INDENT, MT_STYLE_DIM, text);
    fputc('\n', v->terminal->stream);
}

/* Each side has a root of its own: sources that were moved are then called the same. */
static void put_notes(struct view *v) {
    struct mt_table_notes own = {0}, *notes = v->options->notes ? v->options->notes : &own;
    const char *root[MT_N_SIDES] = {"", ""};
    for (enum mt_side side = MT_OLD; side < MT_N_SIDES; side++) {
        struct mt_roots roots = {0};
        for (size_t i = 0; i < v->n_shown; i++)
            if (mt_diff_named_by(mt_diff_at(v->diff, i)) == side)
                mt_roots_add(&roots, &v->names[side].labels, v->names[side].rows,
                             mt_diff_at(v->diff, i)->row[side]);
        mt_roots_choose(&roots, &v->names[side].labels);
        root[side] = v->names[side].labels.root ? v->names[side].labels.root : "";
    }
    if (*root[MT_NEW])
        mt_table_notes_add(notes, "sources in %s", root[MT_NEW]);
    if (*root[MT_OLD] && strcmp(root[MT_OLD], root[MT_NEW]) != 0)
        mt_table_notes_add(notes, "old sources in %s", root[MT_OLD]);
    mt_table_notes_add_skipped(notes, mt_diff_rows(v->diff, MT_NEW));
    mt_table_notes_print(v->terminal, notes);
}

static void put_rows(struct view *v) {
    lay_out(v);
    put_notes(v);
    put_heading(v);
    for (size_t i = 0; i < v->n_shown; i++)
        put_row(v, mt_diff_at(v->diff, i));
    put_sums(v);
}

void mt_diff_table_print(const struct mt_terminal *terminal, const struct mt_diff *diff,
                         const char *const names[MT_N_SIDES],
                         const struct mt_table_options *options) {
    struct view *v = calloc(1, sizeof *v);
    if (!v)
        return;
    *v = (struct view){.terminal = terminal, .diff = diff, .options = options};
    for (enum mt_side side = MT_OLD; side < MT_N_SIDES; side++) {
        v->names[side] = (struct table){.terminal = terminal,
                                        .rows = mt_diff_rows(diff, side),
                                        .options = options,
                                        .above = &v->above,
                                        .n_newer = &v->n_newer};
        mt_table_label_init(&v->names[side]);
    }
    v->n_shown = count_shown(diff, options->n);
    mt_diff_sum_from(diff, v->n_shown, &v->more);
    find_filtered_out(v);
    put_head(v, names);
    fputc('\n', terminal->stream);
    if (v->n_shown)
        put_rows(v);
    else
        put_nothing(v);
    mt_newer_put_note(terminal, v->n_newer);
    for (enum mt_side side = MT_OLD; side < MT_N_SIDES; side++)
        mt_table_label_free(&v->names[side]);
    mt_table_stack_free(&v->above);
    free(v);
}
