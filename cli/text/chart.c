/* SPDX-License-Identifier: MIT */
/*
 * The heap is an area of block elements, eight steps to a row; RSS, PSS and swap are marks drawn
 * over it. Without UTF-8 each has a letter. Nothing depends on colour: what it separates has
 * different characters, too.
 *
 *   512 MiB ┤            ▲ peak              • RSS above the heap
 *   256 MiB ┤ • • • • ▄▄▄█▄▄ • • •
 *         0 ┼▁▂▃▄▅▆▇████████▆▅▄▃▂
 *           0        10 s      20 s
 */
#include "text/chart.h"
#include "profile/called.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "text/chart_rows.h"
#include "view/timeline/scale.h"

enum {
    LABEL_WIDTH = 10,
    ROWS = 20,
    LEAST_ROWS = 5,
    LEAST_COLUMNS = 20,
    STEPS = 8,
    MOST_ROWS = 200
};

struct glyphs {
    const char *area[STEPS + 1]; /* by how many eighths of a row are filled */
    const char *point[MT_N_SERIES];
    const char *vertical, *tick, *corner, *horizontal, *time, *peak, *mark;
};

static const struct glyphs utf8_glyphs = {
    .area = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"},
    .point = {"█", "•", "◦", "×", "·", "▫"},
    .vertical = "│",
    .tick = "┤",
    .corner = "└",
    .horizontal = "─",
    .time = "┬",
    .peak = "▲",
    .mark = "▼",
};
static const struct glyphs ascii_glyphs = {
    .area = {" ", "_", "_", "_", "#", "#", "#", "#", "#"},
    .point = {"#", "r", "p", "s", "a", "u"},
    .vertical = "|",
    .tick = "+",
    .corner = "+",
    .horizontal = "-",
    .time = "+",
    .peak = "^",
    .mark = "v",
};
static const enum mt_terminal_style styles[MT_N_SERIES] = {
    MT_STYLE_BAR, MT_STYLE_SOURCE, MT_STYLE_DIM, MT_STYLE_WARN, MT_STYLE_BOLD, MT_STYLE_DIM};

struct cell {
    const char *glyph;
    enum mt_terminal_style style;
};

struct canvas {
    const struct mt_terminal *terminal;
    const struct glyphs *glyphs;
    size_t columns, rows;
    struct cell *cells; /* row 0 on top */
    double most;        /* bytes at the top */
    uint64_t y_step, x_step, to_ns;
};

static const struct glyphs *glyphs_of(const struct mt_terminal *terminal) {
    return terminal->utf8 ? &utf8_glyphs : &ascii_glyphs;
}

static size_t column_of(const struct canvas *c, uint64_t time_ns) {
    if (c->to_ns == 0)
        return 0;
    size_t column = (size_t)((double)time_ns / (double)c->to_ns * (double)c->columns);
    return column < c->columns ? column : c->columns - 1;
}

/* ---- drawing --------------------------------------------------------------------------------- */

static void draw_area(struct canvas *c, const double *values) {
    for (size_t x = 0; x < c->columns; x++) {
        double eighths = values[x] <= 0 ? 0 : values[x] / c->most * (double)c->rows * STEPS;
        if (values[x] > 0 && eighths < 1)
            eighths = 1; /* something is not nothing */
        for (size_t row = 0; row < c->rows; row++) {
            double in_row = eighths - (double)row * STEPS;
            size_t step = in_row >= STEPS ? STEPS : in_row <= 0 ? 0 : (size_t)in_row;
            if (step)
                c->cells[(c->rows - 1 - row) * c->columns + x] =
                    (struct cell){c->glyphs->area[step], styles[0]};
        }
    }
}

/* Which series has the look of which: the area is the main one, whose own look the heap has then. */
static enum mt_series look_of(enum mt_series series, enum mt_series main) {
    return series == main ? MT_SERIES_LIVE : series == MT_SERIES_LIVE ? main : series;
}

static void draw_points(struct canvas *c, const double *values, enum mt_series series) {
    for (size_t x = 0; x < c->columns; x++) {
        if (values[x] < 0)
            continue;
        size_t row = (size_t)(values[x] / c->most * (double)c->rows);
        if (row >= c->rows)
            row = c->rows - 1;
        c->cells[(c->rows - 1 - row) * c->columns + x] =
            (struct cell){c->glyphs->point[series], styles[series]};
    }
}

/* Swap that is 0 all the time is no line worth drawing. */
static bool is_worth_it(const double *values, size_t n, enum mt_series series) {
    for (size_t i = 0; i < n; i++)
        if (values[i] > 0 || (values[i] == 0 && series != MT_SERIES_SWAP))
            return true;
    return false;
}

static void put_glyph(const struct mt_terminal *terminal, enum mt_terminal_style style,
                      const char *glyph) {
    fprintf(terminal->stream, "%s%s%s",
            style == MT_STYLE_NONE ? "" : mt_terminal_style(terminal, style), glyph,
            style == MT_STYLE_NONE ? "" : mt_terminal_style(terminal, MT_STYLE_NONE));
}

/* Neighbours of one style share an escape sequence. */
static void put_cells(const struct canvas *c, const struct cell *cells) {
    size_t end = c->columns;
    while (end && !cells[end - 1].glyph)
        end--;
    for (size_t x = 0; x < end;) {
        size_t next = x + 1;
        while (next < end && cells[next].style == cells[x].style &&
               !cells[next].glyph == !cells[x].glyph)
            next++;
        bool is_styled = cells[x].glyph && cells[x].style != MT_STYLE_NONE;
        fputs(is_styled ? mt_terminal_style(c->terminal, cells[x].style) : "", c->terminal->stream);
        for (; x < next; x++)
            fputs(cells[x].glyph ? cells[x].glyph : " ", c->terminal->stream);
        fputs(is_styled ? mt_terminal_style(c->terminal, MT_STYLE_NONE) : "", c->terminal->stream);
    }
}

/* The label of a row is that of the multiple of the step which falls into it. */
static bool label_of_row(const struct canvas *c, size_t row, char label[MT_FORMAT_BYTES]) {
    double low = c->most * (double)row / (double)c->rows,
           high = c->most * (double)(row + 1) / (double)c->rows;
    uint64_t multiple = (uint64_t)(low / (double)c->y_step) * c->y_step;
    if ((double)multiple < low)
        multiple += c->y_step;
    if ((double)multiple >= high)
        return false;
    mt_scale_label_bytes(label, multiple);
    return true;
}

static void put_rows(const struct canvas *c) {
    char label[MT_FORMAT_BYTES];
    for (size_t row = c->rows; row-- > 0;) {
        bool has_label = label_of_row(c, row, label);
        fprintf(c->terminal->stream, "%*s ", LABEL_WIDTH, has_label ? label : "");
        put_glyph(c->terminal, MT_STYLE_DIM, has_label ? c->glyphs->tick : c->glyphs->vertical);
        put_cells(c, c->cells + (c->rows - 1 - row) * c->columns);
        fputc('\n', c->terminal->stream);
    }
}

static void put_time_axis(const struct canvas *c) {
    char label[MT_FORMAT_BYTES];
    FILE *out = c->terminal->stream;
    uint64_t next = 0;
    fprintf(out, "%*s %s%s", LABEL_WIDTH, "", mt_terminal_style(c->terminal, MT_STYLE_DIM),
            c->glyphs->corner);
    for (size_t x = 0; x < c->columns; x++) {
        bool is_tick = next <= c->to_ns && column_of(c, next) == x;
        fputs(is_tick ? c->glyphs->time : c->glyphs->horizontal, out);
        if (is_tick)
            next += c->x_step;
    }
    fprintf(out, "%s\n%*s  ", mt_terminal_style(c->terminal, MT_STYLE_NONE), LABEL_WIDTH, "");
    size_t at = 0;
    for (uint64_t time = 0; time <= c->to_ns; time += c->x_step) {
        size_t column = column_of(c, time),
               length = strlen(mt_scale_label_time(label, time, c->x_step));
        size_t begin = column > length / 2 ? column - length / 2 : 0;
        if (begin + length > c->columns || (at && begin < at + 1))
            continue;
        fprintf(out, "%*s%s", (int)(begin - at), "", label);
        at = begin + length;
    }
    fputc('\n', out);
}

/* Returns name and rest within so many columns, malloc'ed; what gets shorter is the name. */
static char *fit(const struct canvas *c, const char *name, const char *rest, size_t columns) {
    const char *ellipsis = c->terminal->ellipsis;
    size_t taken = mt_format_width(rest);
    char *shown =
        columns > taken ? mt_format_shorten_middle(name, columns - taken, ellipsis) : strdup("");
    char *whole = NULL, *fitting = NULL;
    if (shown && asprintf(&whole, "%s%s", shown, rest) >= 0)
        fitting = mt_format_shorten_end(whole, columns, ellipsis);
    free(shown);
    free(whole);
    return fitting;
}

/* Prints a line below the axis with an arrow at a time and what is there, on the side that has
 * room: "▲ peak 45.2 MiB". */
static void put_arrow(const struct canvas *c, const char *arrow, uint64_t time_ns, const char *raw,
                      const char *rest, enum mt_terminal_style style) {
    FILE *out = c->terminal->stream;
    char *name = mt_format_visible(raw, c->terminal->utf8);
    size_t column = column_of(c, time_ns), right = c->columns - column,
           before = column ? column - 1 : 0, behind = right > 3 ? right - 2 : 1,
           wanted = mt_format_width(name ? name : "") + mt_format_width(rest);
    bool is_before = wanted > behind && before > behind;
    char *text = fit(c, name ? name : "", rest, is_before ? before : behind);
    size_t width = text ? mt_format_width(text) : 0;
    fprintf(out, "%*s  %*s", LABEL_WIDTH, "",
            (int)(!is_before       ? column
                  : before > width ? before - width
                                   : 0),
            "");
    if (is_before)
        fprintf(out, "%s ", text ? text : "?");
    put_glyph(c->terminal, style, arrow);
    if (!is_before)
        fprintf(out, " %s", text ? text : "?");
    fputc('\n', out);
    free(text);
    free(name);
}

static void put_arrows(const struct canvas *c, const struct mt_timeline *timeline,
                       const struct mt_course *course) {
    enum { MOST_MARKS = 10 };
    char text[2 * MT_FORMAT_BYTES + 16], size[MT_FORMAT_BYTES], when[MT_FORMAT_BYTES];
    if (course->peak_time_known) {
        snprintf(text, sizeof text, "peak %s at %s",
                 mt_format_size(size, (int64_t)course->peak_bytes, false),
                 mt_format_duration(when, course->peak_ns));
        put_arrow(c, c->glyphs->peak, course->peak_ns, "", text, MT_STYLE_BAR);
    }
    size_t shown = 0;
    for (size_t i = 0; i < timeline->n_marks && shown < MOST_MARKS; i++) {
        const struct mt_timeline_mark *mark = &timeline->marks[i];
        if (course->profile && &timeline->courses[mark->course] != course)
            continue;
        snprintf(text, sizeof text, " at %s", mt_format_duration(when, mark->time_ns));
        put_arrow(c, c->glyphs->mark, mark->time_ns, mark->name, text, MT_STYLE_WARN);
        shown++;
    }
    if (shown == MOST_MARKS && shown < timeline->n_marks)
        fprintf(c->terminal->stream, "%*s  and %zu more mark%s: see --json\n", LABEL_WIDTH, "",
                timeline->n_marks - shown, timeline->n_marks - shown == 1 ? "" : "s");
}

static void put_legend(const struct canvas *c, const bool *is_drawn, enum mt_series main) {
    const char *gap = "";
    size_t used = 0;
    fprintf(c->terminal->stream, "%*s  ", LABEL_WIDTH, "");
    for (size_t s = 0; s < MT_N_SERIES; s++) {
        size_t width = 2 + mt_format_width(mt_timeline_series_labels[s]);
        if (!is_drawn[s])
            continue;
        if (used && used + strlen(gap) + width > c->columns) {
            fprintf(c->terminal->stream, "\n%*s  ", LABEL_WIDTH, "");
            gap = "";
            used = 0;
        }
        used += strlen(gap) + width;
        fputs(gap, c->terminal->stream);
        enum mt_series as = look_of((enum mt_series)s, main);
        put_glyph(c->terminal, styles[as], c->glyphs->point[as]);
        fprintf(c->terminal->stream, " %s", mt_timeline_series_labels[s]);
        gap = "   ";
    }
    fputc('\n', c->terminal->stream);
}

static int put_lanes(const struct canvas *c, const struct mt_timeline *timeline,
                     const struct mt_course *course) {
    const struct mt_chart_rows_place place = {
        .label_width = LABEL_WIDTH,
        .columns = c->columns,
        .steps = c->glyphs->area,
        .n_steps = STEPS,
    };
    return mt_chart_rows_print(c->terminal, timeline, course, &place);
}

/* ---- the chart ------------------------------------------------------------------------------- */

static void set_size(struct canvas *c, const struct mt_chart_options *options) {
    size_t width = options->width ? options->width : c->terminal->width;
    size_t height = options->height ? options->height : ROWS;
    size_t axis = LABEL_WIDTH + 3, around = 4; /* time axis, peak, legend */
    c->columns = width > axis + LEAST_COLUMNS ? width - axis : LEAST_COLUMNS;
    c->rows = height > around + LEAST_ROWS ? height - around : LEAST_ROWS;
    if (c->rows > MOST_ROWS)
        c->rows = MOST_ROWS;
}

static void set_scale(struct canvas *c, double most) {
    c->most = most > 0 ? most * 1.02 : 1; /* the highest column keeps below the top edge */
    /* two at least: a single one may be above all that is shown */
    c->y_step = mt_scale_bytes((uint64_t)c->most + 1, c->rows / 3 > 2 ? c->rows / 3 : 2);
    c->x_step = mt_scale_time(c->to_ns, c->columns / 12 ? c->columns / 12 : 1);
}

int mt_chart_print(const struct mt_terminal *terminal, const struct mt_timeline *timeline,
                   const struct mt_course *course, const struct mt_chart_options *options) {
    struct canvas c = {
        .terminal = terminal, .glyphs = glyphs_of(terminal), .to_ns = timeline->duration_ns};
    bool is_drawn[MT_N_SERIES] = {false};
    double most = 0;
    set_size(&c, options);
    double *values = calloc(MT_N_SERIES * c.columns, sizeof *values);
    c.cells = calloc(c.columns * c.rows, sizeof *c.cells);
    if (!values || !c.cells) {
        free(values);
        free(c.cells);
        return -1;
    }
    for (size_t s = 0; s < MT_N_SERIES; s++) {
        mt_timeline_columns(course, (enum mt_series)s, 0, c.to_ns, values + s * c.columns,
                            c.columns);
        is_drawn[s] =
            course->has[s] && is_worth_it(values + s * c.columns, c.columns, (enum mt_series)s);
        for (size_t x = 0; is_drawn[s] && x < c.columns; x++)
            most = values[s * c.columns + x] > most ? values[s * c.columns + x] : most;
    }
    set_scale(&c, most);
    draw_area(&c, values + course->main * c.columns);
    for (size_t s = MT_N_SERIES; s-- > 0;)
        if (is_drawn[s] && s != course->main)
            draw_points(&c, values + s * c.columns, look_of((enum mt_series)s, course->main));
    put_rows(&c);
    put_time_axis(&c);
    put_arrows(&c, timeline, course);
    int rc = put_lanes(&c, timeline, course);
    put_legend(&c, is_drawn, course->main);
    free(values);
    free(c.cells);
    return rc;
}

enum { NAME_WIDTH = 14, LEAST_SPARKS = 5 };

/* ---- one row per process --------------------------------------------------------------------- */

static void put_sparkline(const struct mt_terminal *terminal, const double *values, size_t n,
                          double most) {
    const struct glyphs *glyphs = glyphs_of(terminal);
    fputs(mt_terminal_style(terminal, MT_STYLE_BAR), terminal->stream);
    for (size_t x = 0; x < n; x++) {
        size_t step = values[x] < 0 ? 0 : 1;
        if (values[x] > 0 && most > 0)
            step = 1 + (size_t)(values[x] / most * (STEPS - 1));
        fputs(glyphs->area[step < STEPS ? step : STEPS], terminal->stream);
    }
    fputs(mt_terminal_style(terminal, MT_STYLE_NONE), terminal->stream);
}

static void put_process(const struct mt_terminal *terminal, const struct mt_timeline *timeline,
                        const struct mt_course *course, double *values, size_t n) {
    const struct mt_profile *profile = course->profile;
    enum mt_series series = timeline->beside;
    uint64_t most = course->beside_peak_bytes;
    char peak[MT_FORMAT_BYTES] = "";
    char *visible = mt_format_visible(mt_called_name(profile), terminal->utf8);
    char *name = visible ? mt_format_shorten_end(visible, NAME_WIDTH, terminal->ellipsis) : NULL;
    size_t width = name ? mt_format_width(name) : 0;
    mt_timeline_columns(course, series, 0, timeline->duration_ns, values, n);
    if (course->has[series])
        mt_format_size(peak, (int64_t)most, false);
    fprintf(terminal->stream, "%8" PRIu32 " %s%*s ", profile->info.pid, name ? name : "?",
            width < NAME_WIDTH ? (int)(NAME_WIDTH - width) : 0, "");
    put_sparkline(terminal, values, n, (double)most);
    fprintf(terminal->stream, " %10s\n", peak);
    free(visible);
    free(name);
}

static int by_place(const void *a, const void *b) {
    const struct mt_course *x = *(const struct mt_course *const *)a,
                           *y = *(const struct mt_course *const *)b;
    return x < y ? -1 : x > y;
}

int mt_chart_print_processes(const struct mt_terminal *terminal, const struct mt_timeline *timeline,
                             size_t n, const struct mt_chart_options *options) {
    bool is_heap = timeline->beside == MT_SERIES_LIVE;
    const char *heading = is_heap ? "heap, each on its own scale" : "RSS, each on its own scale";
    size_t width = options->width ? options->width : terminal->width, taken = 21 + NAME_WIDTH;
    size_t columns = width > taken + LEAST_SPARKS ? width - taken : LEAST_SPARKS;
    const struct mt_course **sorted = calloc(timeline->n_courses, sizeof *sorted);
    double *values = calloc(columns, sizeof *values);
    int rc = sorted && values ? 0 : -1;
    for (size_t i = 0; rc == 0 && i < timeline->n_courses; i++)
        sorted[i] = &timeline->courses[i];
    size_t shown = timeline->n_courses < n ? timeline->n_courses : n;
    if (rc == 0) {
        qsort(sorted, timeline->n_courses, sizeof *sorted, mt_timeline_compare_peaks);
        qsort(sorted, shown, sizeof *sorted, by_place);
        fprintf(terminal->stream, "%8s %-*s %-*s %10s\n", "process", NAME_WIDTH, "program",
                (int)columns,
                strlen(heading) <= columns ? heading
                : is_heap                  ? "heap"
                                           : "RSS",
                "peak");
        for (size_t i = 0; i < shown; i++)
            put_process(terminal, timeline, sorted[i], values, columns);
        if (shown < timeline->n_courses)
            fprintf(terminal->stream, "  %s %zu more with lower peaks: see --json\n",
                    terminal->ellipsis, timeline->n_courses - shown);
    }
    free(sorted);
    free(values);
    return rc;
}
