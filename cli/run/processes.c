/* SPDX-License-Identifier: MIT */
/*
 * A run of several processes on a screen of 80 columns: what all held together and when, which of
 * them held most, and each with as much of its command as tells it from the others.
 *
 * Few processes are printed as the tree that they are. Of many, those with the highest peaks are
 * printed, each with the pid of its parent: most of a build's processes are leaves, and a tree of
 * the largest would be for the greater part their parents, which hold nothing.
 */
#include "run/processes.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text/lines.h"
#include "view/format/format.h"
#include "view/processes/label.h"

enum { MOST_SHOWN = 10, NUMBERS = 40, LEAST_COMMAND = 20, MOST_DEPTH = 8, COURSE_COLUMN = 12 };

struct shown {
    const struct mt_processes *processes;
    char **labels;
    size_t *rows;          /* indexes of entries, in the order in which they are printed */
    size_t n_rows, n_left; /* left out */
    uint64_t most_left;    /* the highest peak of those */
    unsigned *depth;       /* of each row; NULL: no tree */
};

/* ---- which, and in what order ---------------------------------------------------------------- */

static int by_peak(const void *a, const void *b, void *context) {
    const struct mt_process *items = context;
    size_t i = *(const size_t *)a, k = *(const size_t *)b;
    if (items[i].peak_bytes != items[k].peak_bytes)
        return items[i].peak_bytes < items[k].peak_bytes ? 1 : -1;
    return i < k ? -1 : 1;
}

static void choose_largest(struct shown *s) {
    size_t n = s->processes->n;
    for (size_t i = 0; i < n; i++)
        s->rows[i] = i;
    qsort_r(s->rows, n, sizeof *s->rows, by_peak, s->processes->items);
    s->n_rows = n < MOST_SHOWN ? n : MOST_SHOWN;
    s->n_left = n - s->n_rows;
    s->most_left = s->n_left ? s->processes->items[s->rows[s->n_rows]].peak_bytes : 0;
}

/* Appends the children of parent, each followed by its own. */
static void put_children(struct shown *s, size_t parent, unsigned depth) {
    for (size_t i = 0; i < s->processes->n && depth < MOST_SHOWN; i++)
        if (mt_processes_parent(s->processes, i) == parent && s->n_rows < s->processes->n) {
            s->depth[s->n_rows] = depth < MOST_DEPTH ? depth : MOST_DEPTH;
            s->rows[s->n_rows++] = i;
            put_children(s, i, depth + 1);
        }
}

static bool choose(struct shown *s) {
    size_t n = s->processes->n;
    bool is_tree = n <= MOST_SHOWN;
    s->rows = calloc(n + 1, sizeof *s->rows);
    s->depth = is_tree ? calloc(n + 1, sizeof *s->depth) : NULL;
    if (!s->rows || (is_tree && !s->depth))
        return false;
    if (is_tree)
        put_children(s, SIZE_MAX, 0);
    else
        choose_largest(s);
    return true;
}

/* ---- printing -------------------------------------------------------------------------------- */

static void put_end(const struct mt_terminal *t, const struct mt_process *p) {
    const char *name = p->exit_signal ? sigabbrev_np(p->exit_signal) : NULL;
    char text[32] = "";
    if (!p->exit_known || (p->exit_code == 0 && !p->exit_signal))
        return;
    if (p->exit_signal)
        snprintf(text, sizeof text, "  SIG%s", name ? name : "?");
    else
        snprintf(text, sizeof text, "  exit %d", p->exit_code);
    mt_terminal_put(t, MT_STYLE_WARN, text);
}

static size_t end_width(const struct mt_process *p) {
    return p->exit_known && (p->exit_code != 0 || p->exit_signal) ? 10 : 0;
}

static void put_label(const struct mt_terminal *t, const char *label, size_t used) {
    char *visible = mt_format_visible(label, t->utf8), *fitted = NULL;
    size_t room = t->width > used + LEAST_COMMAND ? t->width - used : LEAST_COMMAND;
    if (visible)
        fitted = mt_format_shorten_end(visible, room, t->ellipsis);
    mt_terminal_put(t, MT_STYLE_NONE, fitted);
    free(visible);
    free(fitted);
}

static void put_sizes(const struct mt_terminal *t, const struct mt_process *p) {
    char peak[MT_FORMAT_BYTES], live[MT_FORMAT_BYTES];
    bool is_known = p->file || p->total_blocks || !p->why;
    fprintf(t->stream, "%10s %10s",
            is_known ? mt_format_size(peak, (int64_t)p->peak_bytes, false) : "-",
            is_known ? mt_format_size(live, (int64_t)p->live_bytes, false) : "-");
}

static void put_row(const struct mt_terminal *t, const struct shown *s, size_t row) {
    const struct mt_process *p = &s->processes->items[s->rows[row]];
    unsigned indent = s->depth ? 2 * s->depth[row] : 0;
    size_t used = (s->depth ? NUMBERS - 8u : NUMBERS) + indent + end_width(p);
    put_sizes(t, p);
    fprintf(t->stream, " %7" PRIu32, p->pid);
    if (!s->depth)
        fprintf(t->stream, " %7" PRIu32, p->parent_pid);
    fprintf(t->stream, "  %*s", (int)indent, "");
    put_label(t, s->labels[s->rows[row]], used);
    put_end(t, p);
    fputc('\n', t->stream);
}

static void put_left(const struct mt_terminal *t, const struct shown *s) {
    char size[MT_FORMAT_BYTES], count[MT_FORMAT_BYTES];
    if (s->n_left)
        fprintf(t->stream, " %s and %s more, %s or less each\n", t->ellipsis,
                mt_format_count(count, (int64_t)s->n_left),
                mt_format_size(size, (int64_t)s->most_left, false));
}

/* ---- what was not seen ----------------------------------------------------------------------- */

static bool is_blind(const struct mt_process *p) {
    return p->is_blind;
}

static bool is_unexplained(const struct mt_process *p) {
    return p->is_unexplained && !p->is_blind;
}

/* Adds a line about the processes of a kind, with the name of the one that has the most memory. */
static void add_kind(const struct shown *s, bool (*is_kind)(const struct mt_process *p),
                     const char *what, struct mt_summary *lines) {
    const struct mt_process *items = s->processes->items;
    size_t n = 0, most = SIZE_MAX;
    char size[MT_FORMAT_BYTES], others[64] = "";
    for (size_t i = 0; i < s->processes->n; i++)
        if (is_kind(&items[i]) && ++n &&
            (most == SIZE_MAX || items[i].anonymous_bytes > items[most].anonymous_bytes))
            most = i;
    if (n == 0)
        return;
    if (n > 1)
        snprintf(others, sizeof others, " and %zu more process%s", n - 1, n > 2 ? "es" : "");
    mt_summary_add(lines, lines->n ? "" : "unseen", true, "%s of %s (process %" PRIu32 ", %s)%s",
                   what, items[most].program, items[most].pid,
                   mt_format_size(size, (int64_t)items[most].anonymous_bytes, false), others);
}

static void put_unseen(const struct mt_terminal *t, const struct shown *s) {
    struct mt_summary lines = {0};
    add_kind(s, is_blind,
             "its own malloc comes before the recorder's: nothing was recorded of the memory",
             &lines);
    add_kind(s, is_unexplained, "malloc explains little of the memory", &lines);
    mt_lines_print(t, &lines);
}

void mt_run_processes_print(const struct mt_terminal *t, const struct mt_processes *processes) {
    struct shown s = {.processes = processes, .labels = mt_processes_label(processes, t->ellipsis)};
    if (s.labels && choose(&s)) {
        fprintf(t->stream, "%s      PEAK       LIVE     PID%s  PROCESS%s\n",
                mt_terminal_style(t, MT_STYLE_DIM), s.depth ? "" : "  PARENT",
                mt_terminal_style(t, MT_STYLE_NONE));
        for (size_t i = 0; i < s.n_rows; i++)
            put_row(t, &s, i);
        put_left(t, &s);
        put_unseen(t, &s);
    } else
        mt_terminal_put(t, MT_STYLE_WARN, "(out of memory: the processes cannot be listed)\n");
    mt_processes_label_free(s.labels, processes->n);
    free(s.rows);
    free(s.depth);
}

/* ---- the head -------------------------------------------------------------------------------- */

/* The highest of the points that fall into each of n columns. */
static void fill_columns(const struct mt_processes *p, uint64_t *column, size_t n) {
    for (size_t i = 0; i < p->n_points; i++) {
        uint64_t *to = &column[i * n / p->n_points];
        if (p->points[i].bytes > *to)
            *to = p->points[i].bytes;
    }
}

/* A line of blocks, each as high as its part of the run. */
static void put_course(const struct mt_terminal *t, const struct mt_processes *p) {
    static const char *const blocks[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    static const char *const plain[] = {" ", ".", ".", ":", ":", "-", "=", "*", "#"};
    uint64_t column[60] = {0}, most = p->peak_bytes;
    size_t n = t->width > COURSE_COLUMN + 8 ? t->width - COURSE_COLUMN - 1 : 8;
    if (n > sizeof column / sizeof *column)
        n = sizeof column / sizeof *column;
    if (p->n_points < n || most == 0)
        return;
    fill_columns(p, column, n);
    fprintf(t->stream, "%*s%s", COURSE_COLUMN, "", mt_terminal_style(t, MT_STYLE_BAR));
    for (size_t i = 0; i < n; i++) {
        size_t step = (size_t)((double)column[i] / (double)most * 8 + 0.5);
        step = step > 8 ? 8 : step == 0 && column[i] ? 1 : step;
        fputs(t->utf8 ? blocks[step] : plain[step], t->stream);
    }
    fprintf(t->stream, "%s\n", mt_terminal_style(t, MT_STYLE_NONE));
}

static char *joined(char *const *words) {
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    for (size_t i = 0; out && words[i]; i++) {
        fputs(i ? " " : "", out);
        mt_format_word_put(out, words[i], SIZE_MAX, "");
    }
    return out && fclose(out) == 0 ? text : NULL;
}

static void add_end(const struct mt_process *p, bool is_live, char *text, size_t bytes) {
    const char *name = p && p->exit_signal ? sigabbrev_np(p->exit_signal) : NULL;
    if (is_live)
        snprintf(text, bytes, "running");
    else if (!p || !p->exit_known)
        snprintf(text, bytes, "its end was not seen");
    else if (p->exit_signal)
        snprintf(text, bytes, "killed by SIG%s", name ? name : "?");
    else
        snprintf(text, bytes, "exit %d", p->exit_code);
}

static void add_sums(const struct mt_processes *p, struct mt_summary *lines) {
    uint64_t blocks = 0, bytes = 0, live = 0;
    char size[MT_FORMAT_BYTES], left[MT_FORMAT_BYTES], count[MT_FORMAT_BYTES];
    for (size_t i = 0; i < p->n; i++) {
        blocks += p->items[i].total_blocks;
        bytes += p->items[i].total_bytes;
        live += p->items[i].live_bytes;
    }
    mt_summary_add(
        lines, "total", false, "%s in %s blocks; %s live %s, added up",
        mt_format_size(size, (int64_t)bytes, false), mt_format_count(count, (int64_t)blocks),
        mt_format_size(left, (int64_t)live, false), p->is_live ? "when they were read" : "at exit");
}

/* The command, cut to a line with what follows it. */
static void add_run(const struct mt_terminal *t, const struct mt_processes *p, char *const *command,
                    struct mt_summary *lines) {
    char lasted[MT_FORMAT_BYTES], end[64], about[160], *text = joined(command), *shown = NULL;
    size_t n = mt_processes_count(p);
    add_end(mt_processes_main(p), p->is_live || p->is_running, end, sizeof end);
    size_t used =
        COURSE_COLUMN + 2 +
        (size_t)snprintf(about, sizeof about, "(%zu process%s, %s, %s)", n, n == 1 ? "" : "es",
                         mt_format_duration(lasted, p->duration_ns), end);
    if (text)
        shown = mt_format_shorten_end(
            text, t->width > used + LEAST_COMMAND ? t->width - used : LEAST_COMMAND, t->ellipsis);
    mt_summary_add(lines, "program", false, "%s %s", shown ? shown : "", about);
    free(text);
    free(shown);
}

static void add_peak(const struct mt_processes *p, struct mt_summary *lines) {
    char size[MT_FORMAT_BYTES], when[MT_FORMAT_BYTES], tick[MT_FORMAT_BYTES], seen[64] = "";
    if (p->tick_ns)
        snprintf(seen, sizeof seen, " (seen every %s)", mt_format_duration(tick, p->tick_ns));
    mt_summary_add(lines, "peak", false, "%s in %" PRIu32 " process%s at once, at %s%s",
                   mt_format_size(size, (int64_t)p->peak_bytes, false), p->n_at_peak,
                   p->n_at_peak == 1 ? "" : "es", mt_format_duration(when, p->peak_ns), seen);
}

void mt_run_processes_print_head(const struct mt_terminal *t, const struct mt_processes *p,
                                 char *const *command) {
    struct mt_summary lines = {0};
    add_run(t, p, command, &lines);
    if (p->peak_known)
        add_peak(p, &lines);
    mt_lines_print(t, &lines);
    put_course(t, p);
    add_sums(p, &lines);
    mt_lines_print(t, &lines);
}
