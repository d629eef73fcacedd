/* SPDX-License-Identifier: MIT */
/*
 * Scopes one by one: those that have not ended, below the table of the others, and the latest that
 * have, with marks and counters, in the order of time. Names are to the right of columns of fixed
 * width, of which a narrow terminal shows fewer.
 */
#include "text/scopes_events.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "text/scopes_table-local.h"
#include "view/format/format.h"

enum { CELL = MT_FORMAT_BYTES };

/* ---- open scopes ----------------------------------------------------------------------------- */

enum { TIME_COLUMNS = 11, SIZE_COLUMNS = 11, TID_COLUMNS = 7 };

enum { OPEN_SIZES = 3 };
static const char *const open_titles[OPEN_SIZES] = {"PEAK", "NET", "ALLOCATED"};

/* Returns how many of the sizes leave room for a name. */
static int open_sizes(const struct mt_terminal *terminal) {
    int shown = 0;
    while (shown < OPEN_SIZES &&
           INDENT + TIME_COLUMNS + GAP + (size_t)(shown + 1) * (SIZE_COLUMNS + GAP) + NAME_LEAST <=
               terminal->width)
        shown++;
    return shown;
}

static void put_open(const struct mt_terminal *terminal, const struct mt_profile *profile,
                     const struct mt_scope_open *open,
                     const struct mt_scopes_table_options *options) {
    uint64_t allocated = open->allocated_bytes < INT64_MAX ? open->allocated_bytes : INT64_MAX;
    const int64_t size[OPEN_SIZES] = {open->peak_bytes, open->net_bytes, (int64_t)allocated};
    const char *suffix = open->is_process ? " (process)" : "";
    int shown = open_sizes(terminal);
    size_t taken = INDENT + TIME_COLUMNS + GAP + (size_t)shown * (SIZE_COLUMNS + GAP);
    size_t room = options->full                          ? SIZE_MAX / 2
                  : terminal->width > taken + NAME_LEAST ? terminal->width - taken
                                                         : NAME_LEAST;
    char text[CELL];
    fprintf(terminal->stream, "%*s", INDENT, "");
    mt_scopes_table_put_right(terminal, TIME_COLUMNS, MT_STYLE_NONE,
                              mt_format_duration(text, open->time_ns));
    for (int i = 0; i < shown; i++)
        mt_scopes_table_put_right(terminal, SIZE_COLUMNS, MT_STYLE_NONE,
                                  mt_format_size(text, size[i], options->exact_bytes));
    mt_scopes_table_put_name(terminal, MT_STYLE_BOLD, mt_profile_text(profile, open->name),
                             room - strlen(suffix));
    mt_terminal_put(terminal, MT_STYLE_DIM, suffix);
    fputc('\n', terminal->stream);
}

void mt_scopes_events_print_open(const struct mt_terminal *terminal,
                                 const struct mt_scopes_rows *rows,
                                 const struct mt_scopes_table_options *options) {
    const struct mt_scopes *scopes = &rows->profile->info.scopes;
    size_t n = options->n && options->n < scopes->n_open ? options->n : scopes->n_open;
    char more[CELL];
    if (n == 0)
        return;
    fprintf(terminal->stream, "%s%*s", rows->n ? "\n" : "", INDENT, "");
    mt_scopes_table_put_right(terminal, TIME_COLUMNS, MT_STYLE_DIM, "BEGAN AT");
    for (int i = 0; i < open_sizes(terminal); i++)
        mt_scopes_table_put_right(terminal, SIZE_COLUMNS, MT_STYLE_DIM, open_titles[i]);
    mt_terminal_put(terminal, MT_STYLE_DIM, "NOT ENDED");
    fputc('\n', terminal->stream);
    for (size_t i = 0; i < n; i++)
        put_open(terminal, rows->profile, &scopes->open[i], options);
    if (scopes->n_open > n)
        fprintf(terminal->stream, "%*s%s %s more\n", INDENT, "", terminal->ellipsis,
                mt_format_count(more, (int64_t)(scopes->n_open - n)));
}

/* ---- events ---------------------------------------------------------------------------------- */

/* A scope, a mark or a counter, by when it ended or happened. */
struct happening {
    uint64_t time_ns;
    const struct mt_scope_event *scope;
    const struct mt_mark *mark;
    const struct mt_counter *counter;
};

static int compare_happenings(const void *a, const void *b) {
    const struct happening *x = a, *y = b;
    return x->time_ns < y->time_ns ? -1 : x->time_ns > y->time_ns;
}

static struct happening *collect(const struct mt_profile *profile, size_t *n) {
    const struct mt_profile_info *info = &profile->info;
    const struct mt_scopes *scopes = &info->scopes;
    struct happening *list =
        malloc((scopes->n_events + info->n_marks + scopes->n_counters + 1) * sizeof *list);
    *n = 0;
    for (size_t i = 0; list && i < scopes->n_events; i++) {
        const struct mt_scope_event *event = &scopes->events[i];
        list[(*n)++] =
            (struct happening){.time_ns = event->time_ns + event->duration_ns, .scope = event};
    }
    for (size_t i = 0; list && i < info->n_marks; i++)
        list[(*n)++] =
            (struct happening){.time_ns = info->marks[i].time_ns, .mark = &info->marks[i]};
    for (size_t i = 0; list && i < scopes->n_counters; i++)
        list[(*n)++] = (struct happening){.time_ns = scopes->counters[i].time_ns,
                                          .counter = &scopes->counters[i]};
    if (list)
        qsort(list, *n, sizeof *list, compare_happenings);
    return list;
}

/* Writes "  key=value  key=value". */
static void write_metadata(FILE *stream, const struct mt_profile *profile,
                           const struct mt_scope_event *event) {
    for (size_t i = 0; i < event->n_keys; i++) {
        const struct mt_scope_key *key = &profile->info.scopes.keys[event->first_key + i];
        fprintf(stream, "  %s=%s", mt_profile_text(profile, key->key),
                mt_profile_text(profile, key->value));
    }
}

/* The columns to the left of a name: they go, the rightmost one first, until it has room. */
enum event_column { AT, DURATION, PEAK, NET, THREAD, N_EVENT_COLUMNS };
static const struct {
    const char *title;
    int width;
} event_columns[N_EVENT_COLUMNS] = {{"ENDED AT", TIME_COLUMNS},
                                    {"DURATION", TIME_COLUMNS},
                                    {"PEAK", SIZE_COLUMNS},
                                    {"NET", SIZE_COLUMNS},
                                    {"THREAD", TID_COLUMNS}};

static int event_columns_shown(const struct mt_terminal *terminal, size_t *used) {
    int shown = 0;
    for (*used = INDENT; shown < N_EVENT_COLUMNS; shown++) {
        size_t width = (size_t)event_columns[shown].width + GAP;
        if (terminal->is_tty && *used + width + NAME_LEAST > terminal->width)
            break;
        *used += width;
    }
    return shown;
}

static void put_happening_name(const struct mt_terminal *terminal, const struct mt_profile *profile,
                               const struct happening *h, size_t column) {
    const char *kind = h->scope ? "" : h->mark ? "mark " : "counter ";
    mt_string name = h->scope ? h->scope->name : h->mark ? h->mark->name : h->counter->name;
    char text[CELL], *rest = NULL;
    size_t bytes;
    FILE *stream = open_memstream(&rest, &bytes);
    if (!stream)
        return;
    if (h->scope)
        write_metadata(stream, profile, h->scope);
    else if (!h->mark)
        fprintf(stream, " = %s", mt_format_count(text, h->counter->value));
    bool failed = fclose(stream) != 0;
    mt_terminal_put(terminal, MT_STYLE_DIM, kind);
    column += strlen(kind);
    mt_terminal_put_fitting(terminal, column, MT_STYLE_BOLD, mt_profile_text(profile, name));
    char *visible = mt_format_visible(mt_profile_text(profile, name), terminal->utf8);
    column += visible ? mt_format_width(visible) : 0;
    if (!failed && (!terminal->is_tty || column < terminal->width))
        mt_terminal_put_fitting(terminal, column, MT_STYLE_DIM, rest);
    free(visible);
    free(rest);
}

static void put_happening(const struct mt_terminal *terminal, const struct mt_profile *profile,
                          const struct happening *h, bool exact_bytes) {
    char text[CELL];
    size_t used;
    int shown = event_columns_shown(terminal, &used);
    fprintf(terminal->stream, "%*s", INDENT, "");
    for (int c = 0; c < shown; c++) {
        if (c == AT)
            mt_format_duration(text, h->time_ns);
        else if (!h->scope)
            *text = '\0';
        else if (c == DURATION)
            mt_format_duration(text, h->scope->duration_ns);
        else if (c == THREAD)
            snprintf(text, sizeof text, "%" PRIu32, h->scope->tid);
        else
            mt_format_size(text, c == PEAK ? h->scope->peak_bytes : h->scope->net_bytes,
                           exact_bytes);
        mt_scopes_table_put_right(terminal, (size_t)event_columns[c].width, MT_STYLE_NONE, text);
    }
    put_happening_name(terminal, profile, h, used);
    fputc('\n', terminal->stream);
}

void mt_scopes_events_print(const struct mt_terminal *terminal, const struct mt_profile *profile,
                            const struct mt_scopes_table_options *options) {
    size_t n;
    struct happening *list = collect(profile, &n);
    if (!list) {
        mt_terminal_put(terminal, MT_STYLE_WARN, " (out of memory)\n");
        return;
    }
    size_t first = options->n && options->n < n ? n - options->n : 0;
    if (n) {
        fprintf(terminal->stream, "%*s", INDENT, "");
        size_t used;
        for (int c = 0; c < event_columns_shown(terminal, &used); c++)
            mt_scopes_table_put_right(terminal, (size_t)event_columns[c].width, MT_STYLE_DIM,
                                      event_columns[c].title);
        mt_terminal_put(terminal, MT_STYLE_DIM, "SCOPE");
        fputc('\n', terminal->stream);
    }
    for (size_t i = first; i < n; i++)
        put_happening(terminal, profile, &list[i], options->exact_bytes);
    free(list);
}
