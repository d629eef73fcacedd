/* SPDX-License-Identifier: MIT */
/*
 * One chart as an SVG that stands alone in a browser, a wiki or a README: no script, no font, no
 * other file. What scopes and counters there are makes it higher than was asked for. It is of the
 * breakdown if given, else of the sum if there is one, else of the heap of each process (with one:
 * all its figures).
 *
 *   title                                       what ran
 *   subtitle                                    peak, resolution
 *   ┌──────┬─────────────────────────────────┐
 *   │ size │ plot: grid, areas, lines, marks │  svg_chart.c
 *   └──────┴──────────────── time ───────────┘
 *   names  │ when scopes ran, counters       │  svg_tracks.c
 *   legend                                      wrapped
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "export/export-local.h"
#include "export/svg-local.h"
#include "export/xml-local.h"
#include "view/format/format.h"
#include "view/timeline/breakdown.h"
#include "view/timeline/scale.h"

#define MOST_BYTES 4e18 /* on the axis */

enum {
    MOST_COLUMNS = 1200,
    LEFT = 76,
    RIGHT = 20,
    TOP = 62,
};

/* ---- what is drawn --------------------------------------------------------------------------- */

static struct mt_svg_line *add_line(struct mt_svg_chart *c, char *label) {
    struct mt_svg_line *line = &c->lines[c->n_lines];
    *line = (struct mt_svg_line){.label = label, .columns = calloc(c->n_columns, sizeof(double))};
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

static bool add_figures(struct mt_svg_chart *c, const struct mt_course *course) {
    for (size_t s = 0; s < MT_N_SERIES; s++) {
        if (!course->has[s] || (s == MT_SERIES_SWAP && never_above_zero(course, (enum mt_series)s)))
            continue;
        struct mt_svg_line *line = add_line(c, mt_xml_escape(mt_timeline_series_labels[s]));
        if (!line)
            return false;
        line->is_sparse = mt_timeline_is_sparse((enum mt_series)s);
        mt_timeline_columns(course, (enum mt_series)s, 0, c->to_ns, line->columns, c->n_columns);
    }
    c->is_first_filled = true;
    return true;
}

/* Adds the processes that had the highest peaks, all by the same series. */
static bool add_processes(struct mt_svg_chart *c) {
    size_t n = c->timeline->n_courses;
    const struct mt_course **sorted = calloc(n, sizeof *sorted);
    bool done = sorted != NULL;
    for (size_t i = 0; done && i < n; i++)
        sorted[i] = &c->timeline->courses[i];
    if (done)
        qsort(sorted, n, sizeof *sorted, mt_timeline_compare_peaks);
    for (size_t i = 0; done && i < n && i < MT_SVG_MOST_LINES; i++) {
        char *label = NULL,
             *name = mt_xml_escape_shortened(
                 mt_profile_text(sorted[i]->profile, sorted[i]->profile->info.exe), 40);
        if (!name || asprintf(&label, "%s (%" PRIu32 ")", name, sorted[i]->profile->info.pid) < 0)
            label = NULL;
        free(name);
        struct mt_svg_line *line = add_line(c, label);
        done = line != NULL;
        if (line)
            mt_timeline_columns(sorted[i], c->timeline->beside, 0, c->to_ns, line->columns,
                                c->n_columns);
    }
    free(sorted);
    return done;
}

static bool add_layers(struct mt_svg_chart *c, const struct mt_breakdown *s) {
    size_t n = s->n_layers - 1 < MT_SVG_MOST_LINES ? s->n_layers - 1 : MT_SVG_MOST_LINES;
    for (size_t l = 0; l <= n; l++) {
        bool is_other = l == n;
        struct mt_svg_line *line = add_line(c, is_other ? mt_xml_escape("everything else")
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

static bool stack_up(struct mt_svg_chart *c) {
    for (size_t l = 0; l < c->n_lines; l++) {
        struct mt_svg_line *line = &c->lines[l];
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

static void find_scale(struct mt_svg_chart *c) {
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

/* ---- the page ------------------------------------------------------------------------------- */

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

static void put_subtitle(const struct mt_svg_chart *c, const struct mt_breakdown *breakdown) {
    const struct mt_timeline *t = c->timeline;
    const struct mt_course *course = c->course;
    char start[MT_FORMAT_BYTES], lasted[MT_FORMAT_BYTES], peak[MT_FORMAT_BYTES],
        coarsest[MT_FORMAT_BYTES], dim[MT_SVG_STYLE_BYTES];
    mt_format_rfc3339(start, t->start_time_ns);
    if (strlen(start) > 19) {
        start[10] = ' ';
        start[19] = '\0';
    }
    fprintf(c->stream, "<text %s x=\"%d\" y=\"42\">%s UTC, %s", mt_svg_style_fill(MT_SVG_DIM, dim),
            RIGHT, start, mt_format_duration(lasted, t->duration_ns));
    if (!course && !breakdown)
        fprintf(c->stream, " · %s", mt_timeline_series_labels[t->beside]);
    if (course)
        fprintf(c->stream, " · peak %s", mt_svg_chart_size((double)course->peak_bytes, peak));
    if (breakdown)
        fprintf(c->stream, " · resolution: %s",
                mt_format_duration(coarsest, breakdown->coarsest_ns));
    else if (course && course->n_ticks > 1)
        fprintf(c->stream, " · resolution: %s", mt_format_duration(coarsest, course->coarsest_ns));
    if (!breakdown && course && course->has[MT_SERIES_PSS])
        fputs(" · PSS is read at most twice a second", c->stream);
    fputs("</text>\n", c->stream);
}

static bool draw(struct mt_svg_chart *c, const struct mt_breakdown *breakdown) {
    char *title = title_of(c->timeline), paper[MT_SVG_STYLE_BYTES], ink[MT_SVG_STYLE_BYTES];
    if (!title)
        return false;
    fprintf(c->stream,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%u\" viewBox=\"0 0 %u "
            "%u\" role=\"img\" font-size=\"12\" font-family=\"system-ui,-apple-system,'Segoe UI',"
            "'DejaVu Sans',sans-serif\""
            " aria-label=\"%s\">\n",
            c->total_width, c->total_height, c->total_width, c->total_height, title);
    mt_svg_style(c->stream);
    fprintf(c->stream,
            "<rect %s width=\"100%%\" height=\"100%%\"/>\n"
            "<text %s font-size=\"15\" font-weight=\"600\" x=\"%d\" y=\"24\">%s</text>\n",
            mt_svg_style_fill(MT_SVG_PAPER, paper), mt_svg_style_fill(MT_SVG_INK, ink), RIGHT,
            title);
    put_subtitle(c, breakdown);
    mt_svg_chart_draw(c);
    const struct mt_svg_place place = {c->left, c->top + c->height + MT_SVG_X_LABELS, c->width,
                                       c->n_columns, c->to_ns};
    bool done = mt_svg_tracks_put(c->stream, &c->tracks, &place) == 0;
    fputs("</svg>\n", c->stream);
    free(title);
    return done;
}

static unsigned left_of(const struct mt_svg_chart *c) {
    return c->tracks.n ? MT_SVG_TRACK_LABELS : LEFT;
}

static bool lay_out(struct mt_svg_chart *c, const struct mt_export_timeline *options) {
    c->total_width = options->width;
    c->total_height = options->height;
    c->left = left_of(c);
    c->top = TOP;
    c->width = (double)options->width - c->left - RIGHT;
    double below = MT_SVG_X_LABELS + 24 + MT_SVG_LEGEND_ROW * mt_svg_chart_legend(c, false);
    c->total_height += mt_svg_tracks_height(&c->tracks); /* tracks take nothing from the plot */
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

static const struct mt_course *main_course(const struct mt_timeline *t) {
    return t->sum.n_points ? &t->sum : t->n_courses == 1 ? &t->courses[0] : NULL;
}

static size_t columns_of(const struct mt_export_timeline *options, unsigned left) {
    size_t pixels = options->width > left + RIGHT ? options->width - left - RIGHT : 1;
    return pixels < MOST_COLUMNS ? pixels : MOST_COLUMNS;
}

int mt_svg_timeline(FILE *stream, const struct mt_export *thing, struct mt_error *error) {
    const struct mt_timeline *t = thing->timeline.timeline;
    const struct mt_breakdown *breakdown = thing->timeline.breakdown;
    const struct mt_course *course = main_course(t);
    struct mt_svg_chart c = {
        .stream = stream, .timeline = t, .course = course, .to_ns = t->duration_ns};
    c.n_columns = columns_of(&thing->timeline, MT_SVG_TRACK_LABELS);
    struct mt_timeline_tracks tracks;
    bool done = mt_tracks_build(t, course, c.n_columns, &tracks) == 0;
    c.tracks = tracks;
    c.n_columns = columns_of(&thing->timeline, left_of(&c));
    done = done && (breakdown ? add_layers(&c, breakdown)
                    : course  ? add_figures(&c, course)
                              : add_processes(&c));
    done = done && lay_out(&c, &thing->timeline) && draw(&c, breakdown);
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
