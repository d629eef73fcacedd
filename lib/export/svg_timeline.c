/* SPDX-License-Identifier: MIT */
/*
 * One chart as an SVG that stands alone in a browser, a wiki or a README: no script, no font, no
 * other file. Colours are custom properties that prefers-color-scheme changes; both palettes keep
 * their contrast to the background and stay apart for the colour-blind. Values are shown by <title>
 * elements on invisible columns, the one kind of tooltip that needs nothing.
 *
 *   title                                       what ran
 *   subtitle                                    peak, resolution
 *   ┌──────┬─────────────────────────────────┐
 *   │ size │ plot: grid, areas, lines, marks │
 *   └──────┴──────────────── time ───────────┘
 *   names  │ when scopes ran, counters       │
 *   legend                                      wrapped
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "export/svg-local.h"
#include "export/timeline.h"
#include "export/xml-local.h"
#include "view/format/format.h"
#include "view/timeline/scale.h"

#define MOST_BYTES 4e18 /* on the axis */

enum {
    MOST_LINES = 12, /* colours */
    MOST_COLUMNS = 1200,
    TOOLTIPS = 160,
    LEFT = 76,
    RIGHT = 20,
    TOP = 62,
    X_LABELS = 26,
    LEGEND_ROW = 20,
};

/* A line or a layer. */
struct line {
    char *label;          /* escaped */
    double *columns;      /* its own value; -1: none */
    bool is_sparse;       /* readings, with nothing known between them */
    double *top, *bottom; /* of the area; NULL: a line alone */
};

struct chart {
    FILE *stream;
    const struct mt_timeline *timeline;
    struct line lines[MOST_LINES + 1];
    struct mt_timeline_tracks tracks;
    size_t n_lines, n_columns;
    bool is_stacked, has_other, is_first_filled;
    uint64_t to_ns;
    double most;
    uint64_t y_step, x_step;
    double left, top, width, height; /* of the plot */
    unsigned total_width, total_height;
};

static const char *size_text(double bytes, char buffer[MT_FORMAT_BYTES]) {
    return mt_format_size(buffer, bytes > 0 ? (int64_t)bytes : 0, false);
}

/* ---- what is drawn --------------------------------------------------------------------------- */

static struct line *add_line(struct chart *c, char *label) {
    struct line *line = &c->lines[c->n_lines];
    *line = (struct line){.label = label, .columns = calloc(c->n_columns, sizeof(double))};
    if (!label || !line->columns) {
        free(label);
        free(line->columns);
        return NULL;
    }
    c->n_lines++;
    return line;
}

static bool never_above_zero(const struct mt_course *course, enum mt_series series) {
    for (size_t i = 0; i < course->n_points; i++)
        if (course->points[i].value[series] != 0)
            return false;
    return true;
}

static bool add_figures(struct chart *c, const struct mt_course *course) {
    for (size_t s = 0; s < MT_N_SERIES; s++) {
        if (!course->has[s] || (s == MT_SERIES_SWAP && never_above_zero(course, (enum mt_series)s)))
            continue;
        struct line *line = add_line(c, mt_xml_escape(mt_timeline_series_labels[s]));
        if (!line)
            return false;
        line->is_sparse = mt_timeline_is_sparse((enum mt_series)s);
        mt_timeline_columns(course, (enum mt_series)s, 0, c->to_ns, line->columns, c->n_columns);
    }
    c->is_first_filled = true;
    return true;
}

static int by_peak(const void *a, const void *b) {
    const struct mt_course *x = *(const struct mt_course *const *)a,
                           *y = *(const struct mt_course *const *)b;
    return x->peak_bytes < y->peak_bytes   ? 1
           : x->peak_bytes > y->peak_bytes ? -1
           : x < y                         ? -1
                                           : x > y;
}

/* The heaps of the processes that had the highest. */
static bool add_processes(struct chart *c) {
    size_t n = c->timeline->n_courses;
    const struct mt_course **sorted = calloc(n, sizeof *sorted);
    bool done = sorted != NULL;
    for (size_t i = 0; done && i < n; i++)
        sorted[i] = &c->timeline->courses[i];
    if (done)
        qsort(sorted, n, sizeof *sorted, by_peak);
    for (size_t i = 0; done && i < n && i < MOST_LINES; i++) {
        char *label = NULL,
             *name = mt_xml_escape_shortened(
                 mt_profile_text(sorted[i]->profile, sorted[i]->profile->info.exe), 40);
        if (!name || asprintf(&label, "%s (%" PRIu32 ")", name, sorted[i]->profile->info.pid) < 0)
            label = NULL;
        free(name);
        struct line *line = add_line(c, label);
        done = line != NULL;
        if (line)
            mt_timeline_columns(sorted[i], MT_SERIES_LIVE, 0, c->to_ns, line->columns,
                                c->n_columns);
    }
    free(sorted);
    return done;
}

static bool add_layers(struct chart *c, const struct mt_breakdown *s) {
    size_t n = s->n_layers - 1 < MOST_LINES ? s->n_layers - 1 : MOST_LINES;
    for (size_t l = 0; l <= n; l++) {
        bool is_other = l == n;
        struct line *line = add_line(c, is_other ? mt_xml_escape("everything else")
                                                 : mt_xml_escape_shortened(s->keys[l], 60));
        if (!line)
            return false;
        for (size_t m = 0, i = 0; i < c->n_columns; i++) {
            uint64_t time_ns =
                (uint64_t)((double)c->to_ns * (double)(i + 1) / (double)c->n_columns);
            while (m + 1 < s->n_moments && s->time_ns[m + 1] <= time_ns)
                m++;
            for (size_t rest = l; rest < (is_other ? s->n_layers : l + 1); rest++) {
                int64_t bytes = s->live_bytes[rest * s->n_moments + m];
                line->columns[i] += bytes > 0 ? (double)bytes : 0;
            }
        }
    }
    c->is_stacked = c->has_other = true;
    return true;
}

static bool stack_up(struct chart *c) {
    for (size_t l = 0; l < c->n_lines; l++) {
        struct line *line = &c->lines[l];
        line->top = calloc(c->n_columns, sizeof(double));
        line->bottom = calloc(c->n_columns, sizeof(double));
        if (!line->top || !line->bottom)
            return false;
        for (size_t i = 0; i < c->n_columns; i++) {
            line->bottom[i] = l ? c->lines[l - 1].top[i] : 0;
            line->top[i] = line->bottom[i] + line->columns[i];
        }
    }
    return true;
}

static void find_scale(struct chart *c) {
    for (size_t l = 0; l < c->n_lines; l++)
        for (size_t i = 0; i < c->n_columns; i++) {
            double value = c->is_stacked ? c->lines[l].top[i] : c->lines[l].columns[i];
            c->most = value > c->most ? value : c->most;
        }
    if (c->most > MOST_BYTES)
        c->most = MOST_BYTES; /* only a damaged profile says so */
    c->y_step = mt_scale_bytes((uint64_t)c->most + 1, 6);
    c->x_step = mt_scale_time(c->to_ns, c->width > 600 ? 10 : 5);
    double steps = c->most / (double)c->y_step;
    c->most = (double)c->y_step *
              ((double)(uint64_t)steps + (steps > (double)(uint64_t)steps || c->most == 0));
}

/* ---- drawing --------------------------------------------------------------------------------- */

static void put_style(FILE *out) {
    fputs("<style>"
          "svg{--bg:#fff;--ink:#1f2328;--dim:#59636e;--grid:#d8dee4;--mark:#a40e26;"
          "--c0:#2166ac;--c1:#d95f02;--c2:#1b9e77;--c3:#a63696;--c4:#b8860b;--c5:#66a61e;--c6:#"
          "e7298a;--c7:#5e4fa2;"
          "--c8:#8c510a;--c9:#35978f;--c10:#d6604d;--c11:#4393c3;--other:#9aa3ad;--own:#6e7781;"
          "font:12px system-ui,-apple-system,'Segoe UI','DejaVu Sans',sans-serif}"
          "@media(prefers-color-scheme:dark){svg{--bg:#0d1117;--ink:#e6edf3;--dim:#9198a1;--grid:#"
          "30363d;--mark:#ff7b72;"
          "--c0:#79b8ff;--c1:#ffa657;--c2:#56d4a5;--c3:#e0a3e8;--c4:#e3c14f;--c5:#a5d65a;--c6:#"
          "ff8ac5;--c7:#b3a7ff;"
          "--c8:#d9a066;--c9:#7fe0d6;--c10:#ff9e8a;--c11:#a8d5ff;--other:#6e7681;--own:#8b949e}}"
          "text{fill:var(--ink)}.dim{fill:var(--dim)}.title{font-size:15px;font-weight:600}"
          ".grid{stroke:var(--grid);stroke-width:1}.line{fill:none;stroke-width:1.6;stroke-"
          "linejoin:round}"
          ".mark{stroke:var(--mark);stroke-width:1;stroke-dasharray:4 3}.hit{fill:transparent}"
          ".hit:hover{fill:var(--ink);fill-opacity:.12}.small{font-size:10px;fill:var(--dim)}"
          "</style>\n",
          out);
}

static double x_of(const struct chart *c, double time_ns) {
    return c->left + (c->to_ns ? c->width * time_ns / (double)c->to_ns : 0);
}

static double y_of(const struct chart *c, double bytes) {
    return c->top + c->height - (c->most > 0 ? c->height * bytes / c->most : 0);
}

static double column_x(const struct chart *c, size_t i) {
    return c->left + c->width * ((double)i + .5) / (double)c->n_columns;
}

static void put_grid(const struct chart *c) {
    char label[MT_FORMAT_BYTES];
    for (uint64_t bytes = 0; (double)bytes <= c->most; bytes += c->y_step)
        fprintf(c->stream,
                "<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>"
                "<text class=\"dim\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n",
                c->left, c->left + c->width, y_of(c, (double)bytes), y_of(c, (double)bytes),
                c->left - 8, y_of(c, (double)bytes) + 4, mt_scale_label_bytes(label, bytes));
    for (uint64_t time = 0; time <= c->to_ns; time += c->x_step)
        fprintf(c->stream,
                "<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>"
                "<text class=\"dim\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%s</text>\n",
                x_of(c, (double)time), x_of(c, (double)time), c->top + c->height,
                c->top + c->height + 5, x_of(c, (double)time), c->top + c->height + 19,
                mt_scale_label_time(label, time, c->x_step));
}

static void put_color(const struct chart *c, size_t l) {
    if (c->has_other && l + 1 == c->n_lines)
        fputs("var(--other)", c->stream);
    else
        fprintf(c->stream, "var(--c%zu)", l % MOST_LINES);
}

/* Columns [from, to) as one shape, edge to edge. */
static void put_area(const struct chart *c, const struct line *line, size_t l, size_t from,
                     size_t to) {
    fputs("<path d=\"M", c->stream);
    for (size_t i = from; i < to; i++)
        fprintf(c->stream, "%.1f,%.1f ", column_x(c, i),
                y_of(c, line->top ? line->top[i] : line->columns[i]));
    for (size_t i = to; i-- > from;)
        fprintf(c->stream, "%.1f,%.1f ", column_x(c, i),
                y_of(c, line->bottom ? line->bottom[i] : 0));
    fputs("Z\" fill=\"", c->stream);
    put_color(c, l);
    fprintf(c->stream, "\" fill-opacity=\"%s\"/>\n", c->is_stacked ? ".85" : ".18");
}

static void put_stroke(const struct chart *c, const struct line *line, size_t l, size_t from,
                       size_t to) {
    fputs("<path class=\"line\" d=\"M", c->stream);
    for (size_t i = from; i < to; i++)
        fprintf(c->stream, "%.1f,%.1f ", column_x(c, i), y_of(c, line->columns[i]));
    if (to == from + 1) /* a dot would not be seen */
        fprintf(c->stream, "%.1f,%.1f ", column_x(c, from) + 2, y_of(c, line->columns[from]));
    fputs("\" stroke=\"", c->stream);
    put_color(c, l);
    fputs("\"/>\n", c->stream);
}

/* A dot for each reading, and a thin line that leads the eye from one to the next. */
static void put_readings(const struct chart *c, const struct line *line, size_t l) {
    fputs("<path class=\"line\" style=\"stroke-width:.6;stroke-dasharray:1 3\" d=\"M", c->stream);
    for (size_t i = 0; i < c->n_columns; i++)
        if (line->columns[i] >= 0)
            fprintf(c->stream, "%.1f,%.1f ", column_x(c, i), y_of(c, line->columns[i]));
    fputs("\" stroke=\"", c->stream);
    put_color(c, l);
    fputs("\"/>\n<g fill=\"", c->stream);
    put_color(c, l);
    fputs("\">", c->stream);
    for (size_t i = 0; i < c->n_columns; i++)
        if (line->columns[i] >= 0)
            fprintf(c->stream, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"1.8\"/>", column_x(c, i),
                    y_of(c, line->columns[i]));
    fputs("</g>\n", c->stream);
}

static void put_lines(const struct chart *c) {
    for (size_t l = 0; l < c->n_lines; l++) {
        const struct line *line = &c->lines[l];
        if (line->is_sparse) {
            put_readings(c, line, l);
            continue;
        }
        for (size_t from = 0, to; from < c->n_columns; from = to) {
            to = from + 1;
            if (line->columns[from] < 0)
                continue;
            while (to < c->n_columns && line->columns[to] >= 0)
                to++;
            if (c->is_stacked || (c->is_first_filled && l == 0))
                put_area(c, line, l, from, to);
            if (!c->is_stacked)
                put_stroke(c, line, l, from, to);
        }
    }
}

/* A name is written beside its mark where the one before leaves room for it; the title has it in
 * any case. */
static void put_marks(const struct chart *c) {
    const struct mt_timeline *t = c->timeline;
    double free_from = 0;
    for (size_t i = 0; i < t->n_marks && i < 200; i++) {
        if (t->marks[i].time_ns > c->to_ns)
            continue;
        char *name = mt_xml_escape(t->marks[i].name),
             *label = mt_xml_escape_shortened(t->marks[i].name, 24);
        char when[MT_FORMAT_BYTES];
        double x = x_of(c, (double)t->marks[i].time_ns);
        double end = x + 12 + MT_SVG_CHARACTER * (label ? (double)mt_format_width(label) : 0);
        if (name)
            fprintf(c->stream,
                    "<g><title>%s at %s</title><line class=\"mark\" x1=\"%.1f\" x2=\"%.1f\" "
                    "y1=\"%.1f\" y2=\"%.1f\"/>"
                    "<text x=\"%.1f\" y=\"%.1f\" style=\"fill:var(--mark)\">▼</text>",
                    name, mt_format_duration(when, t->marks[i].time_ns), x, x, c->top,
                    c->top + c->height, x - 5, c->top + 4);
        if (name && label && x >= free_from && end <= c->left + c->width) {
            fprintf(c->stream, "<text class=\"small\" x=\"%.1f\" y=\"%.1f\">%s</text>", x + 7,
                    c->top + 11, label);
            free_from = end;
        }
        if (name)
            fputs("</g>\n", c->stream);
        free(name);
        free(label);
    }
}

static const struct mt_course *main_course(const struct mt_timeline *t) {
    return t->sum.n_points ? &t->sum : t->n_courses == 1 ? &t->courses[0] : NULL;
}

static void put_peak(const struct chart *c) {
    const struct mt_course *course = main_course(c->timeline);
    char size[MT_FORMAT_BYTES];
    if (!course || !course->peak_time_known || (double)course->peak_bytes > c->most ||
        c->is_stacked)
        return;
    double x = x_of(c, (double)course->peak_ns), y = y_of(c, (double)course->peak_bytes);
    bool is_right = x > c->left + c->width * .8;
    fprintf(
        c->stream,
        "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\" fill=\"var(--c0)\"/><text x=\"%.1f\" y=\"%.1f\""
        " text-anchor=\"%s\">peak %s</text>\n",
        x, y, is_right ? x - 8 : x + 8, y < c->top + 14 ? y + 14 : y - 6,
        is_right ? "end" : "start", size_text((double)course->peak_bytes, size));
}

/* Invisible columns that tell the time and the values below the pointer. */
static void put_tooltips(const struct chart *c) {
    size_t n = c->n_columns < TOOLTIPS ? c->n_columns : TOOLTIPS;
    char text[MT_FORMAT_BYTES];
    for (size_t i = 0; i < n; i++) {
        size_t from = i * c->n_columns / n, to = (i + 1) * c->n_columns / n;
        double x = c->left + c->width * (double)from / (double)c->n_columns;
        double width = c->width * (double)(to - from) / (double)c->n_columns;
        double middle = (double)c->to_ns * (double)(from + to) / 2 / (double)c->n_columns;
        fprintf(
            c->stream,
            "<rect class=\"hit\" x=\"%.2f\" y=\"%.1f\" width=\"%.2f\" height=\"%.1f\"><title>%s", x,
            c->top, width, c->height, mt_format_duration(text, (uint64_t)middle));
        for (size_t l = c->n_lines; l-- > 0;) {
            double most = -1;
            for (size_t k = from; k < to; k++)
                most = c->lines[l].columns[k] > most ? c->lines[l].columns[k] : most;
            if (most > 0 || (most == 0 && !c->is_stacked))
                fprintf(c->stream, "\n%s: %s", c->lines[l].label, size_text(most, text));
        }
        fputs("</title></rect>\n", c->stream);
    }
}

/* Rows that the legend takes; drawn when asked to. */
static unsigned put_legend(const struct chart *c, bool draw) {
    double x = c->left, most = c->left + c->width;
    unsigned row = 0;
    for (size_t l = 0; l < c->n_lines; l++) {
        double width = 26 + MT_SVG_CHARACTER * (double)mt_format_width(c->lines[l].label);
        if (x > c->left && x + width > most) {
            x = c->left;
            row++;
        }
        double y = c->top + c->height + X_LABELS + mt_svg_tracks_height(&c->tracks) + 14 +
                   row * LEGEND_ROW;
        if (draw) {
            fprintf(c->stream,
                    "<rect x=\"%.1f\" y=\"%.1f\" width=\"11\" height=\"11\" rx=\"2\" fill=\"", x,
                    y);
            put_color(c, l);
            fprintf(c->stream, "\"/><text x=\"%.1f\" y=\"%.1f\">%s</text>\n", x + 16, y + 10,
                    c->lines[l].label);
        }
        x += width;
    }
    return row + 1;
}

static char *title_of(const struct mt_timeline *t) {
    const struct mt_profile *profile = t->courses[0].profile;
    char *name = mt_xml_escape_shortened(mt_profile_text(profile, profile->info.exe), 70),
         *title = NULL;
    int n = -1;
    if (name && t->n_courses == 1)
        n = asprintf(&title, "%s (process %" PRIu32 ")", name, profile->info.pid);
    else if (name)
        n = asprintf(&title, "%s and %zu more process%s%s", name, t->n_courses - 1,
                     t->n_courses == 2 ? "" : "es", t->sum.n_points ? ", summed" : "");
    free(name);
    return n < 0 ? NULL : title;
}

static void put_subtitle(const struct chart *c, const struct mt_breakdown *breakdown) {
    const struct mt_timeline *t = c->timeline;
    const struct mt_course *course = main_course(t);
    char start[MT_FORMAT_BYTES], lasted[MT_FORMAT_BYTES], peak[MT_FORMAT_BYTES],
        coarsest[MT_FORMAT_BYTES];
    mt_format_rfc3339(start, t->start_time_ns);
    if (strlen(start) > 19) {
        start[10] = ' ';
        start[19] = '\0';
    }
    fprintf(c->stream, "<text class=\"dim\" x=\"%d\" y=\"42\">%s UTC, %s", RIGHT, start,
            mt_format_duration(lasted, t->duration_ns));
    if (course)
        fprintf(c->stream, " · peak %s", size_text((double)course->peak_bytes, peak));
    if (breakdown)
        fprintf(c->stream, " · resolution: %s",
                mt_format_duration(coarsest, breakdown->coarsest_ns));
    else if (course && course->n_ticks > 1)
        fprintf(c->stream, " · resolution: %s", mt_format_duration(coarsest, course->coarsest_ns));
    if (!breakdown && course && course->has[MT_SERIES_PSS])
        fputs(" · PSS is read at most twice a second", c->stream);
    fputs("</text>\n", c->stream);
}

static bool draw(struct chart *c, const struct mt_breakdown *breakdown) {
    char *title = title_of(c->timeline);
    if (!title)
        return false;
    fprintf(c->stream,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%u\" viewBox=\"0 0 %u "
            "%u\" role=\"img\""
            " aria-label=\"%s\">\n",
            c->total_width, c->total_height, c->total_width, c->total_height, title);
    put_style(c->stream);
    fprintf(c->stream,
            "<rect width=\"100%%\" height=\"100%%\" fill=\"var(--bg)\"/>\n"
            "<text class=\"title\" x=\"%d\" y=\"24\">%s</text>\n",
            RIGHT, title);
    put_subtitle(c, breakdown);
    put_grid(c);
    put_lines(c);
    put_peak(c);
    put_legend(c, true);
    put_tooltips(c);
    put_marks(c);
    const struct mt_svg_place place = {c->left, c->top + c->height + X_LABELS, c->width,
                                       c->n_columns, c->to_ns};
    bool done = mt_svg_tracks_put(c->stream, &c->tracks, &place) == 0;
    fputs("</svg>\n", c->stream);
    free(title);
    return done;
}

static unsigned left_of(const struct chart *c) {
    return c->tracks.n ? MT_SVG_TRACK_LABELS : LEFT;
}

static bool lay_out(struct chart *c, const struct mt_svg_options *options) {
    c->total_width = options->width;
    c->total_height = options->height;
    c->left = left_of(c);
    c->top = TOP;
    c->width = (double)options->width - c->left - RIGHT;
    double below = X_LABELS + 24 + LEGEND_ROW * put_legend(c, false);
    c->total_height += mt_svg_tracks_height(&c->tracks); /* they take nothing from the plot */
    c->height = (double)options->height - TOP - below;
    if (c->height < 80) { /* a long legend makes the picture higher, not the plot unreadable */
        c->total_height += (unsigned)(80 - c->height);
        c->height = 80;
    }
    if (c->is_stacked && !stack_up(c))
        return false;
    find_scale(c);
    return true;
}

static size_t columns_of(const struct mt_svg_options *options, unsigned left) {
    size_t pixels = options->width > left + RIGHT ? options->width - left - RIGHT : 1;
    return pixels < MOST_COLUMNS ? pixels : MOST_COLUMNS;
}

int mt_svg_timeline(FILE *stream, const struct mt_timeline *t, const struct mt_breakdown *breakdown,
                    const struct mt_svg_options *options, struct mt_error *error) {
    struct chart c = {.stream = stream, .timeline = t, .to_ns = t->duration_ns};
    const struct mt_course *course = main_course(t);
    c.n_columns = columns_of(options, MT_SVG_TRACK_LABELS);
    struct mt_timeline_tracks tracks;
    bool done = mt_tracks_build(t, course, c.n_columns, &tracks) == 0;
    c.tracks = tracks;
    c.n_columns = columns_of(options, left_of(&c));
    done = done && (breakdown ? add_layers(&c, breakdown)
                    : course  ? add_figures(&c, course)
                              : add_processes(&c));
    done = done && lay_out(&c, options) && draw(&c, breakdown);
    for (size_t l = 0; l < c.n_lines; l++) {
        free(c.lines[l].label);
        free(c.lines[l].columns);
        free(c.lines[l].top);
        free(c.lines[l].bottom);
    }
    mt_tracks_free(&c.tracks);
    if (!done)
        return mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory while drawing the SVG");
    return ferror(stream) ? mt_error_set(error, MEMTRACK_EIO, "", "cannot write the SVG: %m") : 0;
}
