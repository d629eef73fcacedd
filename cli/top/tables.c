/* SPDX-License-Identifier: MIT */
/*
 * Tables for pipes and logs. Each covers the delay before it: the first reading begins the window,
 * so that a table never shows a rate of nothing. Everything is named and grouped before it is
 * printed; here nobody waits for a key.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "command/command.h"
#include "text/pager.h"
#include "text/table_notes.h"
#include "top/layout.h"
#include "top/names.h"
#include "top/top.h"
#include "view/format/format.h"

enum { LEAST_COMMAND = 16 };

/* ---- text ------------------------------------------------------------------------------------ */

static const char *plural(int64_t n) {
    return n == 1 ? "" : "s";
}

/* Writes the figures of the whole process: "heap 1.2 MiB in 1,234 blocks, peak …; 3.4 KiB/s in …". */
static void write_figures(FILE *out, const struct mt_top *top, const char *coverage) {
    const struct mt_ledger_totals *t = mt_top_model_totals(top->model);
    const struct mt_top_line *all = mt_top_model_all(top->model);
    const struct mt_axis *axis = mt_top_model_axis(top->model);
    const int64_t *value = all->value;
    char text[MT_FORMAT_BYTES];
    fprintf(out, "heap %s", mt_format_size(text, value[MT_TOP_LIVE], top->exact_bytes));
    fprintf(out, " in %s block%s", mt_format_count(text, value[MT_TOP_BLOCKS]),
            plural(value[MT_TOP_BLOCKS]));
    fprintf(out, ", peak %s", mt_format_size(text, t->peak_bytes, top->exact_bytes));
    if (axis->n && axis->ticks[axis->n - 1].rss_bytes)
        fprintf(
            out, ", rss %s",
            mt_format_size(text, (int64_t)axis->ticks[axis->n - 1].rss_bytes, top->exact_bytes));
    if (mt_top_model_has_rates(top->model)) {
        fprintf(out, "; %s/s", mt_format_size(text, value[MT_TOP_RATE], top->exact_bytes));
        fprintf(out, " in %s allocation%s/s", mt_format_count(text, value[MT_TOP_ALLOCATIONS]),
                plural(value[MT_TOP_ALLOCATIONS]));
    }
    if (coverage && *coverage)
        fprintf(out, "; %s", coverage);
}

static void put_figures(const struct mt_top *top, const struct mt_terminal *terminal) {
    char *figures = NULL, *coverage = mt_top_look_coverage(top, ", ");
    size_t bytes;
    FILE *out = open_memstream(&figures, &bytes);
    if (out) {
        write_figures(out, top, coverage);
        fclose(out);
    }
    mt_terminal_put_wrapped(terminal, 0, coverage && *coverage ? MT_STYLE_WARN : MT_STYLE_NONE,
                            figures ? figures : "?");
    fputc('\n', terminal->stream);
    free(figures);
    free(coverage);
}

/* The command begins where its directories would be all that fits. */
static void put_head(const struct mt_top *top, const struct mt_terminal *terminal) {
    char text[MT_FORMAT_BYTES], who[48], before[64], *command = mt_top_look_program(top, false);
    const char *state = mt_top_target_state_name(top->target.state);
    mt_terminal_put(terminal, MT_STYLE_DIM, mt_format_rfc3339(text, mt_clock_ns(CLOCK_REALTIME)));
    mt_top_look_who(top, who, sizeof who);
    snprintf(before, sizeof before, "  %s  ", who);
    fputs(before, terminal->stream);
    mt_terminal_put(terminal, top->target.state == MT_TOP_RUNNING ? MT_STYLE_NONE : MT_STYLE_WARN,
                    state);
    fputs("  ", terminal->stream);
    size_t taken = strlen(text) + strlen(before) + strlen(state) + 2,
           room = terminal->width > taken + LEAST_COMMAND ? terminal->width - taken : LEAST_COMMAND;
    char *visible = command ? mt_format_visible(command, terminal->utf8) : NULL;
    const char *shown = visible ? visible : "?", *slash = strrchr(shown, '/');
    if (mt_format_width(shown) > room && slash && !strchr(shown, ' '))
        shown = slash + 1;
    mt_terminal_put_fitting(terminal, taken, MT_STYLE_BOLD, shown);
    fputc('\n', terminal->stream);
    put_figures(top, terminal);
    free(visible);
    free(command);
}

struct table {
    const struct mt_top *top;
    const struct mt_terminal *terminal;
    struct mt_top_layout layout;
    struct mt_labels labels;
};

static void put_cells(const struct table *t, const struct mt_top_line *line) {
    FILE *out = t->terminal->stream;
    char cell[MT_TOP_CELL_BYTES];
    for (size_t i = 0; i < t->layout.n_columns; i++) {
        enum mt_top_column column = t->layout.columns[i];
        mt_top_layout_cell(cell, column, line->value[column], t->top->exact_bytes,
                           mt_top_model_has_rates(t->top->model));
        fprintf(out, "%*s%*s", MT_TOP_GAP, "", (int)t->layout.column_width[i], cell);
    }
    fputs("  ", out);
}

static void put_heading(const struct table *t) {
    FILE *out = t->terminal->stream;
    bool is_sampled = mt_top_model_profile(t->top->model)->info.sample_bytes != 0;
    fputs(mt_terminal_style(t->terminal, MT_STYLE_DIM), out);
    for (size_t i = 0; i < t->layout.n_columns; i++) {
        char title[32];
        snprintf(title, sizeof title, "%s%s", is_sampled ? "~" : "",
                 mt_top_layout_title(t->layout.columns[i]));
        fprintf(out, "%*s%*s", MT_TOP_GAP, "", (int)t->layout.column_width[i], title);
    }
    fprintf(out, "  %s%s\n", mt_top_layout_name_title(mt_top_model_by(t->top->model)),
            mt_terminal_style(t->terminal, MT_STYLE_NONE));
}

static void put_notes(const struct table *t) {
    struct mt_table_notes notes = {0};
    char *shared = mt_top_names_shared(&t->labels, t->top->model, t->terminal->width);
    if (shared)
        mt_table_notes_add(&notes, "%s%s", strncmp(shared, "in ", 3) == 0 ? "sources " : "",
                           shared);
    mt_table_notes_print(t->terminal, &notes);
    free(shared);
}

static void put_line(const struct table *t, const struct mt_top_line *line) {
    const struct mt_rows *rows = mt_top_model_rows(t->top->model);
    char *detail, *name = mt_top_names_of(&t->labels, rows, mt_rows_at(rows, line->row),
                                          t->layout.name_width, &detail);
    put_cells(t, line);
    mt_terminal_put(t->terminal, MT_STYLE_NONE, name ? name : "?");
    if (detail && *detail) {
        fputs("  ", t->terminal->stream);
        mt_terminal_put(t->terminal, MT_STYLE_DIM, detail);
    }
    fputc('\n', t->terminal->stream);
    free(name);
    free(detail);
}

static void put_sum(const struct table *t, const struct mt_top_line *line,
                    enum mt_terminal_style style, const char *name) {
    put_cells(t, line);
    mt_terminal_put(t->terminal, style, name);
    fputc('\n', t->terminal->stream);
}

/* Prints sums of what is not shown, so that every column adds up to its total. */
static void put_sums(const struct table *t, size_t n_shown) {
    const struct mt_top_line *all = mt_top_model_all(t->top->model),
                             *passed = mt_top_model_passed(t->top->model),
                             *earlier = mt_top_model_earlier(t->top->model);
    size_t n = mt_top_model_count(t->top->model);
    struct mt_top_line more = {{0}, 0}, filtered_out = *all;
    for (size_t i = n_shown; i < n; i++)
        for (size_t v = 0; v < MT_TOP_N_VALUES; v++)
            more.value[v] += mt_top_model_line(t->top->model, i)->value[v];
    for (size_t v = 0; v < MT_TOP_N_VALUES; v++)
        filtered_out.value[v] -= passed->value[v] + earlier->value[v];
    char name[64], count[MT_FORMAT_BYTES];
    snprintf(name, sizeof name, "%s %s more", t->terminal->ellipsis,
             mt_format_count(count, (int64_t)(n - n_shown)));
    if (n_shown < n)
        put_sum(t, &more, MT_STYLE_DIM, name);
    if (!mt_filter_is_empty(&mt_top_model_options(t->top->model)->filter))
        put_sum(t, &filtered_out, MT_STYLE_DIM, "filtered out");
    if (earlier->value[MT_TOP_TOTAL] || earlier->value[MT_TOP_CHANGE])
        put_sum(t, earlier, MT_STYLE_DIM, "of processes that have ended");
    put_sum(t, all, MT_STYLE_BOLD, "total");
}

static void put_table(const struct mt_top *top, const struct mt_terminal *terminal) {
    const struct mt_profile *profile = mt_top_model_profile(top->model);
    char current[4096];
    struct table t = {
        .top = top,
        .terminal = terminal,
        .labels = {.profile = profile, .utf8 = terminal->utf8, .ellipsis = terminal->ellipsis},
    };
    t.labels.folder = getcwd(current, sizeof current) ? current : "";
    mt_top_layout_make(&t.layout, terminal->width, mt_top_model_options(top->model)->sort,
                       top->exact_bytes);
    t.layout.name_column -= t.layout.bar_width; /* bars are the screen's */
    t.layout.name_width += t.layout.bar_width;
    mt_top_names_prepare(&t.labels, top->model);
    put_head(top, terminal);
    put_notes(&t);
    put_heading(&t);
    size_t n = mt_top_model_count(top->model), n_shown = top->n && top->n < n ? top->n : n;
    for (size_t i = 0; i < n_shown; i++)
        put_line(&t, mt_top_model_line(top->model, i));
    put_sums(&t, n_shown);
    free(t.labels.root);
}

/* ---- one after the other --------------------------------------------------------------------- */

/* Waits until when_ns (CLOCK_MONOTONIC), or until the process has ended. */
static void wait_until(struct mt_top *top, uint64_t when_ns) {
    enum { LONGEST_MS = 100 };
    for (uint64_t now = mt_clock_now_ns(); now < when_ns; now = mt_clock_now_ns()) {
        uint64_t left = when_ns - now, most = LONGEST_MS * UINT64_C(1000000);
        struct timespec pause = {.tv_nsec = (long)(left < most ? left : most)};
        nanosleep(&pause, NULL);
        mt_top_look_state(top, mt_clock_now_ns());
        if (top->target.state == MT_TOP_ENDED)
            return;
    }
}

static int prepare(struct mt_top *top, struct mt_error *error) {
    int rc;
    mt_top_model_name(top->model, 0, &rc);
    if (rc == 0 && mt_top_model_is_stale(top->model))
        rc = mt_top_model_group(top->model, error);
    else if (rc != 0)
        mt_error_set(error, -rc, "", "out of memory while naming addresses");
    mt_top_model_sum(top->model, 0);
    return rc;
}

static int print_one(struct mt_top *top, const struct mt_terminal *terminal, bool is_first,
                     struct mt_error *error) {
    int rc = prepare(top, error);
    if (rc != 0)
        return rc;
    if (top->json)
        return mt_top_json(top, mt_clock_now_ns(), stdout, error);
    if (!is_first)
        fputc('\n', stdout);
    put_table(top, terminal);
    return 0;
}

static int print_all(struct mt_top *top, struct mt_error *error) {
    struct mt_terminal terminal;
    mt_terminal_init(&terminal, stdout, top->color);
    uint64_t next = mt_clock_now_ns();
    int rc = mt_top_look(top, next, 0, error);
    for (uint64_t i = 0; rc == 0 && (top->count == 0 || i < top->count); i++) {
        next += top->delay_ns;
        wait_until(top, next);
        rc = mt_top_look(top, mt_clock_now_ns(), 0, error);
        if (rc == 0)
            rc = print_one(top, &terminal, i == 0, error);
        if (fflush(stdout) != 0 || top->has_all)
            break;
    }
    return rc;
}

int mt_top_tables(struct mt_top *top) {
    struct mt_error error = {0};
    int rc = print_all(top, &error);
    bool written = mt_pager_finish(top->program);
    if (rc != 0 && written)
        mt_terminal_print_error(top->program, &error);
    return rc == 0 && written ? MT_EXIT_OK : MT_EXIT_UNREADABLE;
}
