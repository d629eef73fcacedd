/* SPDX-License-Identifier: MIT */
/*
 * The table of scopes:
 *
 *    COUNT       PEAK        NET  ALLOCATED       P50       MAX  SCOPE
 *    1,024    1.2 MiB        0 B    1.1 GiB  812.0 us   4.02 ms  request
 *
 * Numbers are measured, names get what is left. Columns are dropped from a narrow terminal in the
 * order of what they add: each has a rank, and those of the lowest rank that fit beside a name are
 * shown, in their places. The one that the rows are sorted by comes first of all: without it their
 * order would be a riddle. One time comes before what went wrong, of which the head tells.
 */
#include "text/scopes_table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/saturate.h"
#include "text/lines.h"
#include "text/scopes_table-local.h"
#include "view/format/format.h"
#include "view/margin.h"
#include "view/scopes/notes.h"

enum { CELL = MT_FORMAT_BYTES + MT_MARGIN_BYTES };

/* What a column of numbers takes as a rule. Which columns fit is decided by that, so that it is the
 * same from one run of a program to the next. */
static const size_t usual_width[] = {7, 10, 8};

/* ---- columns --------------------------------------------------------------------------------- */

enum part { COUNT, ERRORS, MISUSES, SUM, MAX, P50, P95, OWN };
enum unit { NUMBER, BYTES, TIME };

struct column {
    const char *title;
    enum part part;
    enum mt_scope_value value;
    enum unit unit;
    int rank; /* the lower it is, the narrower may the terminal be that shows the column */
};

enum { SORTED_ONLY = 99 };

static const struct column columns[] = {
    {"COUNT", COUNT, 0, NUMBER, 0},
    {"ERRORS", ERRORS, 0, NUMBER, 5},
    {"MISUSES", MISUSES, 0, NUMBER, 5},
    {"PEAK", MAX, MT_SCOPE_PEAK_BYTES, BYTES, 1},
    {"NET", SUM, MT_SCOPE_NET_BYTES, BYTES, 2},
    {"ALLOCATED", SUM, MT_SCOPE_ALLOCATED_BYTES, BYTES, 4},
    {"SELF", OWN, MT_SCOPE_ALLOCATED_BYTES, BYTES, 8},
    {"FREED", SUM, MT_SCOPE_FREED_BYTES, BYTES, SORTED_ONLY},
    {"BLOCKS", SUM, MT_SCOPE_ALLOCATED_BLOCKS, NUMBER, 11},
    {"P50", P50, MT_SCOPE_DURATION_NS, TIME, 3},
    {"P95", P95, MT_SCOPE_DURATION_NS, TIME, 7},
    {"MAX", MAX, MT_SCOPE_DURATION_NS, TIME, 6},
    {"TIME", SUM, MT_SCOPE_DURATION_NS, TIME, 9},
    {"SELF TIME", OWN, MT_SCOPE_DURATION_NS, TIME, 10},
    {"CPU", SUM, MT_SCOPE_CPU_NS, TIME, 12},
};
enum { N_COLUMNS = sizeof columns / sizeof *columns };

/* The columns that orders sort by; a name has none. */
static const char *const sort_titles[MT_N_SCOPE_SORTS] = {[MT_SCOPE_BY_PEAK] = "PEAK",
                                                          [MT_SCOPE_BY_NET] = "NET",
                                                          [MT_SCOPE_BY_ALLOCATED] = "ALLOCATED",
                                                          [MT_SCOPE_BY_BLOCKS] = "BLOCKS",
                                                          [MT_SCOPE_BY_FREED] = "FREED",
                                                          [MT_SCOPE_BY_SELF] = "SELF",
                                                          [MT_SCOPE_BY_TIME] = "TIME",
                                                          [MT_SCOPE_BY_SELF_TIME] = "SELF TIME",
                                                          [MT_SCOPE_BY_CPU] = "CPU",
                                                          [MT_SCOPE_BY_COUNT] = "COUNT",
                                                          [MT_SCOPE_BY_ERRORS] = "ERRORS",
                                                          [MT_SCOPE_BY_MISUSES] = "MISUSES",
                                                          [MT_SCOPE_BY_NAME] = ""};

static bool is_sorted_by(const struct column *column, enum mt_scopes_sort sort) {
    return strcmp(column->title, sort_titles[sort]) == 0;
}

static int64_t cell_value(const struct column *column, const struct mt_scope_row *row) {
    const struct mt_scope_statistic *s = &row->value[column->value];
    switch (column->part) {
    case COUNT:
        return mt_saturate_signed(row->count);
    case ERRORS:
        return mt_saturate_signed(row->errors);
    case MISUSES:
        return mt_saturate_signed(row->misuses);
    case SUM:
        return s->sum;
    case MAX:
        return s->max;
    case P50:
        return s->p50;
    case P95:
        return s->p95;
    default:
        return row->own[column->value];
    }
}

static const char *format_value(char buffer[MT_FORMAT_BYTES], enum unit unit, int64_t amount,
                                bool exact) {
    if (unit == BYTES)
        return mt_format_size(buffer, amount, exact);
    return unit == TIME ? mt_format_duration(buffer, amount > 0 ? (uint64_t)amount : 0)
                        : mt_format_count(buffer, amount);
}

/* Writes a figure, with its margin when it is sampled; times and counts of scopes are exact. */
static const char *format_cell(char buffer[CELL], const struct mt_terminal *terminal,
                               const struct mt_scopes_rows *rows, const struct column *column,
                               const struct mt_scope_row *row, bool exact) {
    int64_t amount = cell_value(column, row);
    char number[MT_FORMAT_BYTES], margin[MT_MARGIN_BYTES];
    bool is_figure = column->part >= SUM && column->unit != TIME;
    format_value(number, column->unit, amount, exact);
    mt_margin_text(margin, amount,
                   is_figure ? mt_scopes_rows_margin(rows, row, column->value, amount) : 0,
                   terminal->utf8);
    snprintf(buffer, CELL, "%s%s", number, margin);
    return buffer;
}

/* Columns that would say nothing are left out, unless the rows are sorted by them. */
static bool is_wanted(const struct column *column, const struct mt_scopes_rows *rows) {
    bool may_be_zero =
        !is_sorted_by(column, rows->sort) &&
        (column->part == ERRORS || column->part == MISUSES || column->value == MT_SCOPE_CPU_NS);
    for (size_t i = 0; may_be_zero && i < rows->n; i++)
        if (cell_value(column, &rows->items[i]) != 0)
            return true;
    return !may_be_zero;
}

/* Figures that are estimated because one scope in several was measured are marked as those of sampled
 * allocations are. Counts are exact, and the largest are of those that were measured. */
static const char *title_of(char buffer[CELL], const struct column *column,
                            const struct mt_scopes_rows *rows) {
    bool is_estimate = column->part >= SUM && column->part != MAX &&
                       mt_profile_scopes_are_estimates(&rows->profile->info.scopes);
    snprintf(buffer, CELL, "%s%s", is_estimate ? "~" : "", column->title);
    return buffer;
}

struct layout {
    size_t width[N_COLUMNS]; /* 0: not shown */
    size_t name;             /* room for names */
};

static size_t room_for(const struct column *column, size_t width) {
    return (width > usual_width[column->unit] ? width : usual_width[column->unit]) + GAP;
}

/* Returns what a name takes behind itself. malloc'ed. */
static char *suffix_of(const struct mt_scopes_rows *rows, const struct mt_scope_row *row,
                       bool utf8) {
    char *group = row->group ? mt_format_visible(mt_profile_text(rows->profile, row->group), utf8)
                             : NULL,
         *suffix = NULL;
    bool failed = asprintf(&suffix, "%s%s%s%s", group ? " (group " : "", group ? group : "",
                           group ? ")" : "", row->is_process ? " (process)" : "") < 0;
    free(group);
    return failed ? NULL : suffix;
}

/* Returns how many columns a name and what is behind it take. */
static size_t name_width(const struct mt_terminal *terminal, const struct mt_scopes_rows *rows,
                         const struct mt_scope_row *row) {
    char *name = mt_format_visible(mt_profile_text(rows->profile, row->name), terminal->utf8),
         *suffix = suffix_of(rows, row, terminal->utf8);
    size_t width = (name ? mt_format_width(name) : 0) + (suffix ? mt_format_width(suffix) : 0);
    free(name);
    free(suffix);
    return width;
}

/* Returns the room that is kept for names: short ones leave it to numbers. */
static size_t least_room(const struct mt_terminal *terminal, const struct mt_scopes_rows *rows,
                         size_t n) {
    size_t most = strlen("SCOPE");
    for (size_t i = 0; i < n && most < NAME_LEAST; i++) {
        size_t width = name_width(terminal, rows, &rows->items[i]);
        most = width > most ? width : most;
    }
    return most < NAME_LEAST ? most : NAME_LEAST;
}

static struct layout lay_out(const struct mt_terminal *terminal, const struct mt_scopes_rows *rows,
                             size_t n, const struct mt_scopes_table_options *options) {
    struct layout layout = {{0}, 0};
    size_t used = INDENT, width[N_COLUMNS], least = least_room(terminal, rows, n);
    char buffer[CELL];
    for (size_t c = 0; c < N_COLUMNS; c++) {
        width[c] = strlen(title_of(buffer, &columns[c], rows));
        for (size_t i = 0; i < n; i++) {
            const char *text = format_cell(buffer, terminal, rows, &columns[c], &rows->items[i],
                                           options->exact_bytes);
            size_t here = mt_format_width(text);
            width[c] = here > width[c] ? here : width[c];
        }
    }
    for (int rank = 0; rank <= N_COLUMNS; rank++)
        for (size_t c = 0; c < N_COLUMNS; c++)
            if ((is_sorted_by(&columns[c], rows->sort) ? 0 : columns[c].rank) == rank &&
                is_wanted(&columns[c], rows) &&
                used + room_for(&columns[c], width[c]) + least <= terminal->width) {
                layout.width[c] = width[c];
                used += room_for(&columns[c], width[c]);
            }
    used = INDENT;
    for (size_t c = 0; c < N_COLUMNS; c++)
        used += layout.width[c] ? layout.width[c] + GAP : 0;
    layout.name = options->full                    ? SIZE_MAX / 2
                  : terminal->width > used + least ? terminal->width - used
                                                   : least;
    return layout;
}

/* ---- rows ------------------------------------------------------------------------------------ */

void mt_scopes_table_put_right(const struct mt_terminal *terminal, size_t width,
                               enum mt_terminal_style style, const char *text) {
    size_t taken = mt_format_width(text);
    fprintf(terminal->stream, "%*s", (int)(width > taken ? width - taken : 0), "");
    mt_terminal_put(terminal, style, text);
    fprintf(terminal->stream, "%*s", GAP, "");
}

/* The name of a function loses its parameters first; any other has no part that says less. */
static char *shortened(const struct mt_terminal *terminal, const char *name, size_t room) {
    size_t length = strlen(name);
    bool is_function = strstr(name, "::") && length && strchr(")>", name[length - 1]);
    return is_function ? mt_format_shorten_function(name, room, terminal->ellipsis)
                       : mt_format_shorten_middle(name, room, terminal->ellipsis);
}

/* Prints a name of the program's: it is escaped, then shortened. */
void mt_scopes_table_put_name(const struct mt_terminal *terminal, enum mt_terminal_style style,
                              const char *raw, size_t columns_left) {
    char *visible = mt_format_visible(raw, terminal->utf8);
    char *fitting = visible && mt_format_width(visible) > columns_left
                        ? shortened(terminal, visible, columns_left)
                        : NULL;
    mt_terminal_put(terminal, style, fitting ? fitting : visible ? visible : "");
    free(fitting);
    free(visible);
}

static void put_row(const struct mt_terminal *terminal, const struct mt_scopes_rows *rows,
                    const struct mt_scope_row *row, const struct layout *layout, bool exact_bytes) {
    char buffer[CELL], *suffix = suffix_of(rows, row, terminal->utf8);
    size_t taken = suffix ? mt_format_width(suffix) : 0;
    fprintf(terminal->stream, "%*s", INDENT, "");
    for (size_t c = 0; c < N_COLUMNS; c++)
        if (layout->width[c])
            mt_scopes_table_put_right(
                terminal, layout->width[c], MT_STYLE_NONE,
                format_cell(buffer, terminal, rows, &columns[c], row, exact_bytes));
    /* a group that leaves the name too little room is left out: --details has it */
    size_t whole = name_width(terminal, rows, row), least = NAME_LEAST + taken;
    bool fits = suffix && (!row->group || (whole < least ? whole : least) <= layout->name);
    mt_scopes_table_put_name(terminal, MT_STYLE_BOLD, mt_profile_text(rows->profile, row->name),
                             layout->name - (fits ? taken : 0));
    if (fits)
        mt_terminal_put(terminal, MT_STYLE_DIM, suffix);
    fputc('\n', terminal->stream);
    free(suffix);
}

/* Says of columns that tell what went wrong how they can be had, when they found no room. */
static void put_left_out(const struct mt_terminal *terminal, const struct mt_scopes_rows *rows,
                         const struct layout *layout) {
    char text[CELL];
    for (size_t c = 0; c < N_COLUMNS; c++) {
        const struct column *column = &columns[c];
        bool is_error = column->part == ERRORS;
        if (layout->width[c] || (!is_error && column->part != MISUSES) || !is_wanted(column, rows))
            continue;
        snprintf(text, sizeof text, "%*sno room for %s: --sort %s", INDENT, "", column->title,
                 is_error ? "errors" : "misuses");
        mt_terminal_put(terminal, MT_STYLE_DIM, text);
        fputc('\n', terminal->stream);
    }
}

void mt_scopes_table_print_rows(const struct mt_terminal *terminal,
                                const struct mt_scopes_rows *rows,
                                const struct mt_scopes_table_options *options) {
    size_t n = options->n && options->n < rows->n ? options->n : rows->n;
    struct layout layout = lay_out(terminal, rows, n, options);
    char count[CELL];
    if (n == 0)
        return;
    fprintf(terminal->stream, "%*s", INDENT, "");
    for (size_t c = 0; c < N_COLUMNS; c++)
        if (layout.width[c])
            mt_scopes_table_put_right(terminal, layout.width[c], MT_STYLE_DIM,
                                      title_of(count, &columns[c], rows));
    mt_terminal_put(terminal, MT_STYLE_DIM, "SCOPE");
    fputc('\n', terminal->stream);
    for (size_t i = 0; i < n; i++)
        put_row(terminal, rows, &rows->items[i], &layout, options->exact_bytes);
    if (rows->n > n)
        fprintf(terminal->stream, "%*s%s %s more name%s\n", INDENT, "", terminal->ellipsis,
                mt_format_count(count, (int64_t)(rows->n - n)), rows->n - n == 1 ? "" : "s");
    put_left_out(terminal, rows, &layout);
}

/* ---- head ------------------------------------------------------------------------------------ */

static const char *why_none(const struct mt_scopes_rows *rows) {
    if (rows->is_filtered)
        return "no scope of these names has ended";
    if (rows->profile->info.scopes.n_open)
        return "no scope has ended";
    if (rows->profile->info.scopes.n_events) /* memtrack_scopes_reset leaves them */
        return "none since the program reset them; --events lists those before";
    if (rows->n_answers || rows->profile->info.scopes.n_tallies)
        return "none: the program has caches or counters alone";
    return rows->profile->info.is_memtrack
               ? "no scopes: the program measures none (see memtrack_begin in memtrack.h)"
               : "no scopes: another tool wrote the file, and memtrack run records them";
}

static void add_counts(struct mt_summary *lines, const struct mt_scopes_rows *rows) {
    uint64_t count = 0, errors = 0, misuses = 0, unmeasured = 0;
    char names[CELL], ended[CELL], wrong[CELL];
    for (size_t i = 0; i < rows->n; i++) {
        count += rows->items[i].count;
        errors += rows->items[i].errors;
        misuses += rows->items[i].misuses;
        unmeasured += rows->items[i].unmeasured;
    }
    if (rows->n == 0) {
        mt_summary_add(lines, "scopes", false, "%s", why_none(rows));
        return;
    }
    mt_summary_add(lines, "scopes", false, "%s of %s name%s",
                   mt_format_count(ended, (int64_t)count), mt_format_count(names, (int64_t)rows->n),
                   rows->n == 1 ? "" : "s");
    if (unmeasured)
        mt_summary_add(lines, "", false, "%s measured, the others counted: sums are estimates",
                       mt_format_count(wrong, (int64_t)(count - unmeasured)));
    if (errors)
        mt_summary_add(lines, "", true, "%s failed, as the program says",
                       mt_format_count(wrong, (int64_t)errors));
    if (misuses)
        mt_summary_add(
            lines, "", true,
            "%s ended without memtrack_end: with their outer scope, thread or process, or "
            "because their storage was gone",
            mt_format_count(wrong, (int64_t)misuses));
}

static void add_events(struct mt_summary *lines, const struct mt_profile *profile) {
    const struct mt_scopes *scopes = &profile->info.scopes;
    char kept[CELL], seen[CELL];
    if (scopes->events_seen == 0)
        return;
    mt_format_count(kept, (int64_t)scopes->n_events);
    mt_format_count(seen,
                    (int64_t)(scopes->events_seen < INT64_MAX ? scopes->events_seen : INT64_MAX));
    if (scopes->n_events)
        mt_summary_add(lines, "events", false,
                       "last %s%sscope%s listed by --events (%s event%s in all)",
                       scopes->n_events > 1 ? kept : "", scopes->n_events > 1 ? " " : "",
                       scopes->n_events > 1 ? "s" : "", seen, scopes->events_seen == 1 ? "" : "s");
    else
        mt_summary_add(lines, "events", false, "no scope listed by --events (%s event%s in all)",
                       seen, scopes->events_seen == 1 ? "" : "s");
    if (scopes->event_sample == 0)
        mt_summary_add(lines, "", false, "no scope is an event (event_sample=0)");
    if (scopes->event_sample > 1)
        mt_summary_add(lines, "", false, "1 of %" PRIu32 " scopes is an event (event_sample)",
                       scopes->event_sample);
}

/* What the figures leave out. */
static void add_notes(struct mt_summary *lines, const struct mt_profile *profile) {
    bool is_first = true;
    for (size_t i = 0; i < profile->info.n_notes; i++) {
        const char *note = mt_profile_text(profile, profile->info.notes[i]);
        if (!mt_scopes_notes_has(note))
            continue;
        mt_summary_add(lines, is_first ? "coverage" : "", true, "%s", note);
        is_first = false;
    }
}

void mt_scopes_table_print_head(const struct mt_terminal *terminal,
                                const struct mt_scopes_rows *rows,
                                const struct mt_scopes_table_options *options) {
    struct mt_summary_format format =
        mt_lines_format(terminal, options->exact_bytes, options->verbose);
    struct mt_summary lines = {0};
    mt_summary_process(rows->profile, &format, &lines);
    add_counts(&lines, rows);
    add_events(&lines, rows->profile);
    add_notes(&lines, rows->profile);
    mt_lines_print(terminal, &lines);
    fputc('\n', terminal->stream);
}
