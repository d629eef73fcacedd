/* SPDX-License-Identifier: MIT */
/*
 * The picture, from top to bottom; what does not fit a small terminal is left out in that order:
 * blank line, the lines of the time axis, the title.
 *
 *   redis-server *:6399   pid 4711                                   paused  3 min 2 s
 *   heap   123.4 MiB   peak 140.2 MiB   ▁▂▃▃▄▅▆▇██▇▆▅▄▃▂▁▂▃▃▄▅▆▇██  last 1 min
 *   rss    150.2 MiB                    ▁▂▃▃▄▅▆▇██▇▆▅▄▃▂▁▂▃▃▄▅▆▇██
 *   alloc   12.3 MiB/s  123,456 /s      change +1.2 MiB since 12 s
 *
 *        LIVE      CHANGE ...  LINE
 *    12.3 MiB    +1.2 MiB ...  src/a.c:12  parse
 *   123.4 MiB    +1.2 MiB ...  total
 *   Enter open  / filter ...
 *
 * Every text that comes from the process is escaped before it gets here (text/label.h). The bars of
 * the axis stand between the least and the most of what is shown, but never make more of a change
 * than an eighth of the whole.
 */
#include "top/draw.h"

#include <curses.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "top/axis.h"
#include "top/curses.h"
#include "top/foot.h"
#include "top/names.h"
#include "top/pen.h"
#include "view/format/format.h"
#include "view/rows/missing.h"

enum {
    FULL_HEIGHT = 14,
    SHORT_HEIGHT = 8,
    LABEL_WIDTH = 8,
    AXIS_LEAST = 10,
    AXIS_MOST = 240,
};

static const char *size_text(const struct mt_top_screen *s, char buffer[MT_FORMAT_BYTES],
                             int64_t bytes) {
    return mt_format_size(buffer, bytes, s->top->exact_bytes);
}

/* ---- head ------------------------------------------------------------------------------------ */

static void put_state(const struct mt_top_screen *s, struct mt_top_pen *pen) {
    const struct mt_top *top = s->top;
    char text[MT_FORMAT_BYTES], state[128];
    uint64_t age = mt_top_model_time_ns(top->model, s->now_ns);
    const char *name = top->target.state == MT_TOP_REPLACED ? "runs another program, untracked"
                       : top->target.state == MT_TOP_RUNNING
                           ? ""
                           : mt_top_target_state_name(top->target.state);
    snprintf(state, sizeof state, "%s%s%s", s->is_paused ? "paused" : "",
             s->is_paused && *name ? ", " : "", name);
    int width = (int)strlen(state) + 2 + (int)strlen(mt_top_pen_age(text, age)) + 1;
    if (pen->x + width + 1 > pen->end)
        return;
    pen->x = pen->end - width;
    mt_top_pen_put(pen, MT_PAINT_WARN, state);
    pen->x += 2;
    mt_top_pen_put(pen, MT_PAINT_DIM, text);
}

static void draw_title(const struct mt_top_screen *s, int y) {
    char who[48];
    char *command = mt_top_look_program(s->top, true),
         *coverage = mt_top_look_coverage(s->top, ", ");
    struct mt_top_pen pen = mt_top_pen_at(&s->labels, y, 1);
    char *visible = mt_format_visible(command ? command : "?", s->labels.utf8);
    char *shortened =
        visible ? mt_format_shorten_end(visible, (size_t)(COLS / 2), s->labels.ellipsis) : NULL;
    mt_top_pen_put_safe(&pen, MT_PAINT_BOLD, shortened ? shortened : "?");
    mt_top_look_who(s->top, who, sizeof who);
    mt_top_pen_print(&pen, MT_PAINT_DIM, "  %s", who);
    if (coverage && *coverage && mt_format_width(coverage) + 30 < (size_t)(pen.end - pen.x))
        mt_top_pen_print(&pen, MT_PAINT_WARN, "  %s", coverage);
    put_state(s, &pen);
    free(shortened);
    free(visible);
    free(command);
    free(coverage);
}

static void draw_bars(const struct mt_top_screen *s, struct mt_top_pen *pen, enum mt_paint paint,
                      const int64_t *values, int n) {
    static const char *const eighths[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    static const char *const ascii[] = {"_", "_", ".", ".", "-", "-", "^", "^"};
    int64_t least = INT64_MAX, most = 0;
    for (int i = 0; i < n; i++)
        if (values[i] >= 0) {
            least = values[i] < least ? values[i] : least;
            most = values[i] > most ? values[i] : most;
        }
    int64_t span = most - least > most / 8 ? most - least : most / 8;
    for (int i = 0; i < n; i++) {
        double share =
            span > 0 && values[i] >= 0 ? (double)(values[i] - (most - span)) / (double)span : 0;
        int step = (int)(share * 7 + 0.5);
        step = step < 0 ? 0 : step > 7 ? 7 : step;
        mt_top_pen_put_safe(pen, paint,
                            values[i] < 0    ? " "
                            : s->labels.utf8 ? eighths[step]
                                             : ascii[step]);
    }
}

static void draw_heap(const struct mt_top_screen *s, int y) {
    const struct mt_axis *axis = mt_top_model_axis(s->top->model);
    const struct mt_tick *last =
        axis->n ? &axis->ticks[axis->n - 1] : &(struct mt_tick){.time_ns = 0};
    char text[MT_FORMAT_BYTES];
    struct mt_top_pen heap = mt_top_pen_at(&s->labels, y, 1),
                      rss = mt_top_pen_at(&s->labels, y + 1, 1);
    mt_top_pen_put(&heap, MT_PAINT_DIM, "heap");
    heap.x = LABEL_WIDTH;
    mt_top_pen_put_right(&heap, 10, MT_PAINT_BOLD, size_text(s, text, last->live_bytes));
    mt_top_pen_put(&heap, MT_PAINT_DIM, "  peak ");
    mt_top_pen_put_right(&heap, 10, MT_PAINT_PLAIN,
                         size_text(s, text, mt_top_model_totals(s->top->model)->peak_bytes));
    mt_top_pen_put(&rss, MT_PAINT_DIM, "rss");
    rss.x = LABEL_WIDTH;
    mt_top_pen_put_right(&rss, 10, MT_PAINT_BOLD,
                         last->rss_bytes ? size_text(s, text, (int64_t)last->rss_bytes) : "-");
    uint64_t span = mt_top_axis_span(axis);
    mt_top_pen_age(text, span);
    int from = heap.x + 2, width = COLS - from - 2 - (int)strlen(text) - 6;
    width = width > AXIS_MOST ? AXIS_MOST : width;
    if (width < AXIS_LEAST)
        return;
    int64_t heaps[AXIS_MOST], sizes[AXIS_MOST];
    mt_top_axis_parts(axis, last->time_ns, span, (size_t)width, heaps, sizes);
    heap.x = rss.x = from;
    draw_bars(s, &heap, MT_PAINT_HEAP, heaps, width);
    draw_bars(s, &rss, MT_PAINT_RSS, sizes, width);
    mt_top_pen_print(&heap, MT_PAINT_DIM, " last %s", text);
}

static enum mt_paint change_paint(int64_t change) {
    return change > 0 ? MT_PAINT_MORE : change < 0 ? MT_PAINT_LESS : MT_PAINT_DIM;
}

static void draw_rates(const struct mt_top_screen *s, int y) {
    const struct mt_top_line *all = mt_top_model_all(s->top->model);
    char text[MT_FORMAT_BYTES], cell[MT_TOP_CELL_BYTES];
    bool has_rates = mt_top_model_has_rates(s->top->model);
    struct mt_top_pen pen = mt_top_pen_at(&s->labels, y, 1);
    mt_top_pen_put(&pen, MT_PAINT_DIM, "alloc");
    pen.x = LABEL_WIDTH;
    mt_top_pen_put_right(&pen, 10, MT_PAINT_BOLD,
                         has_rates ? size_text(s, text, all->value[MT_TOP_RATE]) : "-");
    mt_top_pen_put(&pen, MT_PAINT_DIM, "/s");
    mt_top_pen_put_right(&pen, 15, MT_PAINT_PLAIN,
                         has_rates ? mt_format_count(text, all->value[MT_TOP_ALLOCATIONS]) : "-");
    mt_top_pen_put(&pen, MT_PAINT_DIM,
                   all->value[MT_TOP_ALLOCATIONS] == 1 ? " block/s" : " blocks/s");
    uint64_t marked = mt_top_model_marked_ns(s->top->model);
    if (!marked)
        return;
    mt_top_pen_put(&pen, MT_PAINT_DIM, "   change ");
    mt_top_pen_put(&pen, change_paint(all->value[MT_TOP_CHANGE]),
                   mt_top_layout_cell(cell, MT_TOP_CHANGE, all->value[MT_TOP_CHANGE],
                                      s->top->exact_bytes, true));
    mt_top_pen_print(&pen, MT_PAINT_DIM, " in %s",
                     mt_top_pen_age(text, s->now_ns > marked ? s->now_ns - marked : 0));
}

/* Draws all figures of the head in one line, under a title or instead of one. */
static void draw_compact(const struct mt_top_screen *s, int y) {
    const struct mt_axis *axis = mt_top_model_axis(s->top->model);
    const struct mt_tick *last =
        axis->n ? &axis->ticks[axis->n - 1] : &(struct mt_tick){.time_ns = 0};
    char text[MT_FORMAT_BYTES];
    struct mt_top_pen pen = mt_top_pen_at(&s->labels, y, y);
    mt_top_pen_print(&pen, MT_PAINT_DIM, "heap ");
    mt_top_pen_put(&pen, MT_PAINT_BOLD, size_text(s, text, last->live_bytes));
    mt_top_pen_put(&pen, MT_PAINT_DIM, " peak ");
    mt_top_pen_put(&pen, MT_PAINT_PLAIN,
                   size_text(s, text, mt_top_model_totals(s->top->model)->peak_bytes));
    if (last->rss_bytes) {
        mt_top_pen_put(&pen, MT_PAINT_DIM, " rss ");
        mt_top_pen_put(&pen, MT_PAINT_PLAIN, size_text(s, text, (int64_t)last->rss_bytes));
    }
    if (y == 0)
        put_state(s, &pen);
}

/* Draws the head, and returns the line below it. */
static int draw_head(const struct mt_top_screen *s) {
    if (LINES < SHORT_HEIGHT) {
        draw_compact(s, 0);
        return 1;
    }
    draw_title(s, 0);
    if (LINES < FULL_HEIGHT) {
        draw_compact(s, 1);
        return 2;
    }
    draw_heap(s, 1);
    draw_rates(s, 3);
    return 5;
}

/* ---- rows ------------------------------------------------------------------------------------ */

static void put_bar(const struct mt_top_screen *s, struct mt_top_pen *pen, size_t eighths,
                    size_t width, bool is_selected) {
    static const char *const parts[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    int end = pen->x + (int)width;
    enum mt_paint paint = is_selected ? MT_PAINT_PLAIN : MT_PAINT_BAR;
    pen->x++;
    for (width--; width && eighths >= (s->labels.utf8 ? 8 : 4); width--) {
        mt_top_pen_put_safe(pen, paint, s->labels.utf8 ? "█" : "#");
        eighths = eighths > 8 ? eighths - 8 : 0;
    }
    if (s->labels.utf8 && width && eighths)
        mt_top_pen_put_safe(pen, paint, parts[eighths]);
    pen->x = end;
}

static enum mt_paint cell_paint(enum mt_top_column column, int64_t value, enum mt_top_column sort) {
    if (value == 0)
        return MT_PAINT_DIM;
    if (column == MT_TOP_CHANGE)
        return change_paint(value);
    return column == sort ? MT_PAINT_BOLD : MT_PAINT_PLAIN;
}

static void put_cells(const struct mt_top_screen *s, struct mt_top_pen *pen,
                      const struct mt_top_layout *layout, const struct mt_top_line *line,
                      int64_t largest, bool is_selected) {
    char cell[MT_TOP_CELL_BYTES];
    enum mt_top_column sort = mt_top_model_options(s->top->model)->sort;
    for (size_t i = 0; i < layout->n_columns; i++) {
        enum mt_top_column column = layout->columns[i];
        int64_t value = line->value[column];
        mt_top_layout_cell(cell, column, value, s->top->exact_bytes,
                           mt_top_model_has_rates(s->top->model));
        pen->x += MT_TOP_GAP;
        mt_top_pen_put_right(pen, (int)layout->column_width[i],
                             is_selected ? MT_PAINT_PLAIN : cell_paint(column, value, sort), cell);
        if (column != sort || !layout->bar_width)
            continue;
        if (largest)
            put_bar(s, pen, mt_top_layout_bar(value, largest, layout->bar_width - 1),
                    layout->bar_width, is_selected);
        else
            pen->x += (int)layout->bar_width;
    }
    pen->x = (int)layout->name_column;
}

static void draw_heading(const struct mt_top_screen *s, const struct mt_top_layout *layout, int y) {
    const struct mt_top_options *options = mt_top_model_options(s->top->model);
    bool is_sampled = mt_top_model_profile(s->top->model)->info.sample_bytes != 0;
    struct mt_top_pen pen = mt_top_pen_at(&s->labels, y, 0);
    for (size_t i = 0; i < layout->n_columns; i++) {
        char title[32];
        bool is_sort = layout->columns[i] == options->sort;
        snprintf(title, sizeof title, "%s%s%s", is_sampled ? "~" : "",
                 mt_top_layout_title(layout->columns[i]),
                 is_sort ? (s->labels.utf8 ? "▾" : "v") : "");
        pen.x += MT_TOP_GAP;
        mt_top_pen_put_right(&pen, (int)layout->column_width[i] + is_sort,
                             is_sort ? MT_PAINT_BOLD : MT_PAINT_DIM, title);
        pen.x += is_sort ? (int)layout->bar_width - 1 : 0;
    }
    pen.x = (int)layout->name_column;
    mt_top_pen_put(&pen, MT_PAINT_DIM, mt_top_layout_name_title(mt_top_model_by(s->top->model)));
    if (*s->filter)
        mt_top_pen_print(&pen, MT_PAINT_WARN, "  / %s", s->filter);
    size_t room = pen.end - pen.x > 12 ? (size_t)(pen.end - pen.x - 2) : 0;
    char *shared = room ? mt_top_names_shared(&s->labels, s->top->model, room) : NULL;
    char *fitting = shared ? mt_label_fit(&s->labels, shared, room, mt_format_shorten_end) : NULL;
    if (fitting && *fitting)
        mt_top_pen_print(&pen, MT_PAINT_DIM, "  %s", fitting);
    free(shared);
    free(fitting);
}

static void put_name(const struct mt_top_screen *s, struct mt_top_pen *pen,
                     const struct mt_rows *rows, const struct mt_row *row, bool is_selected) {
    char *detail = NULL, *name = NULL;
    if (pen->end - pen->x < 3)
        return;
    name = mt_top_names_of(&s->labels, rows, row, (size_t)(pen->end - pen->x), &detail);
    mt_top_pen_put(pen, MT_PAINT_PLAIN, name ? name : "?");
    if (detail && *detail) {
        pen->x += 2;
        mt_top_pen_put(pen, is_selected ? MT_PAINT_PLAIN : MT_PAINT_DIM, detail);
    }
    free(name);
    free(detail);
}

/* Prints the share that a line has of the row that is open, by the column that is sorted by. */
static void put_share(const struct mt_top_screen *s, struct mt_top_pen *pen,
                      const struct mt_top_line *line, bool is_selected) {
    enum mt_top_column sort = mt_top_model_options(s->top->model)->sort;
    char text[MT_FORMAT_BYTES];
    int64_t whole = mt_top_model_passed(s->top->model)->value[sort];
    mt_top_pen_put_right(pen, 6, is_selected ? MT_PAINT_PLAIN : MT_PAINT_DIM,
                         mt_format_percent(text, line->value[sort], whole));
    pen->x += 2;
}

static void draw_row(const struct mt_top_screen *s, const struct mt_top_layout *layout, int y,
                     size_t i, int64_t largest) {
    const struct mt_top_line *line = mt_top_model_line(s->top->model, i);
    const struct mt_rows *rows = mt_top_model_rows(s->top->model);
    bool is_selected = i == s->lists[s->level].selected;
    struct mt_top_pen pen = mt_top_pen_at(&s->labels, y, 0);
    if (is_selected) {
        attron(A_REVERSE);
        mvhline(y, 0, ' ', COLS);
    }
    put_cells(s, &pen, layout, line, largest, is_selected);
    if (s->level == 1)
        put_share(s, &pen, line, is_selected);
    put_name(s, &pen, rows, mt_rows_at(rows, line->row), is_selected);
    attroff(A_REVERSE);
}

static void draw_total(const struct mt_top_screen *s, const struct mt_top_layout *layout, int y) {
    char text[MT_FORMAT_BYTES];
    struct mt_top_pen pen = mt_top_pen_at(&s->labels, y, 0);
    bool is_part = mt_top_model_is_open(s->top->model) || *s->filter ||
                   !mt_filter_is_empty(&mt_top_model_options(s->top->model)->filter);
    const struct mt_top_line *sum =
        is_part ? mt_top_model_passed(s->top->model) : mt_top_model_all(s->top->model);
    const struct mt_top_line *all = mt_top_model_all(s->top->model);
    enum mt_top_column sort = mt_top_model_options(s->top->model)->sort;
    put_cells(s, &pen, layout, sum, 0, false);
    mt_top_pen_print(&pen, MT_PAINT_BOLD, "%s", is_part ? "these" : "total");
    if (is_part && sort != MT_TOP_CHANGE)
        mt_top_pen_print(&pen, MT_PAINT_DIM, ", %s of everything",
                         mt_format_percent(text, sum->value[sort], all->value[sort]));
    size_t n_lines = mt_top_model_count(s->top->model);
    mt_top_pen_print(&pen, MT_PAINT_DIM, "  %s row%s", mt_format_count(text, (int64_t)n_lines),
                     n_lines == 1 ? "" : "s");
    if (mt_top_model_pending(s->top->model)->value[MT_TOP_LIVE])
        mt_top_pen_print(
            &pen, MT_PAINT_DIM, ", new: %s",
            size_text(s, text, mt_top_model_pending(s->top->model)->value[MT_TOP_LIVE]));
    size_t n_named, n;
    mt_top_model_named(s->top->model, &n_named, &n);
    if (s->is_naming && n > n_named)
        mt_top_pen_print(&pen, MT_PAINT_WARN, "  naming addresses: %s left",
                         mt_format_count(text, (int64_t)(n - n_named)));
}

static void keep_in_sight(struct mt_top_screen_list *list, size_t n, size_t n_rows) {
    if (list->selected >= n)
        list->selected = n ? n - 1 : 0;
    if (list->first > list->selected)
        list->first = list->selected;
    if (n_rows && list->selected >= list->first + n_rows)
        list->first = list->selected - n_rows + 1;
    if (list->first && list->first + n_rows > n)
        list->first = n > n_rows ? n - n_rows : 0;
}

static void draw_rows(struct mt_top_screen *s, int top, int bottom) {
    struct mt_top_screen_list *list = mt_top_screen_list(s);
    struct mt_top_layout layout;
    size_t n = mt_top_model_count(s->top->model);
    enum mt_top_column sort = mt_top_model_options(s->top->model)->sort;
    bool has_total = bottom - top > 3;
    int last = bottom - (has_total ? 1 : 0);
    mt_top_layout_make(&layout, (size_t)COLS, sort, s->top->exact_bytes);
    mt_top_names_prepare(&s->labels, s->top->model);
    draw_heading(s, &layout, top);
    s->n_rows = last - top > 1 ? (size_t)(last - top - 1) : 0;
    keep_in_sight(list, n, s->n_rows);
    int64_t largest = n ? mt_top_model_line(s->top->model, 0)->value[sort] : 0;
    for (size_t i = 0; i < s->n_rows && list->first + i < n; i++)
        draw_row(s, &layout, top + 1 + (int)i, list->first + i, largest ? largest : 1);
    if (n == 0 && s->n_rows) {
        struct mt_top_pen pen = mt_top_pen_at(
            &s->labels, top + 1, (int)layout.name_column < COLS / 2 ? (int)layout.name_column : 1);
        mt_top_pen_put(&pen, MT_PAINT_DIM,
                       *s->filter ? "nothing passes the filter" : "nothing has been allocated yet");
    }
    if (has_total)
        draw_total(s, &layout, bottom - 1);
}

/* ---- one call path --------------------------------------------------------------------------- */

enum { MAX_FRAMES = 512 };

static size_t frames_shown(const struct mt_top_screen *s, struct mt_row_frame frames[MAX_FRAMES],
                           bool *truncated) {
    const struct mt_row *row = mt_top_screen_path(s);
    *truncated = false;
    size_t n =
        row ? mt_rows_stack(mt_top_model_rows(s->top->model), row, frames, MAX_FRAMES, truncated)
            : 0;
    return n < MAX_FRAMES ? n : MAX_FRAMES;
}

static void draw_frames(struct mt_top_screen *s, int top, int bottom) {
    static struct mt_row_frame frames[MAX_FRAMES];
    struct mt_top_screen_list *list = mt_top_screen_list(s);
    bool truncated;
    size_t n = frames_shown(s, frames, &truncated);
    struct mt_top_pen heading = mt_top_pen_at(&s->labels, top, 1);
    const struct mt_row *row = mt_top_screen_path(s);
    uint32_t missing = row ? mt_rows_missing(mt_top_model_rows(s->top->model), row) : 0;
    char end[MT_ROWS_MISSING_BYTES];
    mt_top_pen_print(&heading, MT_PAINT_DIM, "CALL PATH, innermost first%s%s",
                     truncated ? "; " : "",
                     truncated ? mt_rows_missing_text(end, missing, s->labels.ellipsis) : "");
    s->n_rows = bottom - top > 1 ? (size_t)(bottom - top - 1) : 0;
    keep_in_sight(list, n, s->n_rows);
    for (size_t i = 0; i < s->n_rows && list->first + i < n; i++) {
        const struct mt_row_frame *frame = &frames[list->first + i];
        bool is_selected = list->first + i == list->selected;
        struct mt_top_pen pen = mt_top_pen_at(&s->labels, top + 1 + (int)i, 1);
        if (is_selected) {
            attron(A_REVERSE);
            mvhline(pen.y, 0, ' ', COLS);
        }
        const char *function = mt_profile_text(s->labels.profile, frame->function);
        size_t half = (size_t)(COLS > 4 ? COLS / 2 - 1 : 1);
        char *name = mt_label_fit(&s->labels, *function ? function : "[unknown]", half,
                                  mt_format_shorten_function);
        mt_top_pen_print(&pen, is_selected ? MT_PAINT_PLAIN : MT_PAINT_BOLD, "%s",
                         name ? name : "?");
        pen.x = COLS / 2 + 1;
        char *place = pen.end - pen.x > 4
                          ? mt_label_place(&s->labels, frame, (size_t)(pen.end - pen.x))
                          : NULL;
        mt_top_pen_print(&pen, is_selected ? MT_PAINT_PLAIN : MT_PAINT_DIM, "%s",
                         place ? place : "");
        attroff(A_REVERSE);
        free(name);
        free(place);
    }
    if (n == 0) {
        struct mt_top_pen pen = mt_top_pen_at(&s->labels, top + 1, 1);
        mt_top_pen_put(&pen, MT_PAINT_DIM, "this call path was not recorded");
    }
}

/* ---- all of it ------------------------------------------------------------------------------- */

static void draw_opened(const struct mt_top_screen *s, int y) {
    const struct mt_rows *rows;
    const struct mt_row *row =
        s->level == 2 ? mt_top_screen_path(s) : mt_top_model_opened(s->top->model, &rows);
    if (s->level == 2)
        rows = mt_top_model_rows(s->top->model);
    struct mt_top_pen pen = mt_top_pen_at(&s->labels, y, 1);
    mt_top_pen_put(&pen, MT_PAINT_DIM, s->level == 2 ? "call path: " : "call paths of: ");
    if (row)
        put_name(s, &pen, rows, row, false);
}

void mt_top_draw(struct mt_top_screen *s) {
    erase();
    if (s->mode == MT_TOP_SCREEN_HELP) {
        mt_top_foot_draw_help(s);
        refresh();
        return;
    }
    int top = draw_head(s), bottom = LINES > 3 ? LINES - 1 : LINES;
    if (s->level && LINES >= SHORT_HEIGHT)
        draw_opened(s, LINES < FULL_HEIGHT ? top++ : top - 1);
    if (s->level == 2)
        draw_frames(s, top, bottom);
    else
        draw_rows(s, top, bottom);
    if (bottom < LINES)
        mt_top_foot_draw(s, LINES - 1);
    refresh();
}
