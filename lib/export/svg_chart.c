/* SPDX-License-Identifier: MIT */
/*
 * The plot of a chart. Values are shown by <title> elements on invisible columns, the one kind of
 * tooltip that needs nothing.
 */
#include <stdlib.h>

#include "export/svg-local.h"
#include "export/xml-local.h"
#include "view/format/format.h"
#include "view/timeline/scale.h"

enum { TOOLTIPS = 160 };

const char *mt_svg_chart_size(double bytes, char buffer[MT_FORMAT_BYTES]) {
    return mt_format_size(buffer, bytes > 0 ? (int64_t)bytes : 0, false);
}

static double x_of(const struct mt_svg_chart *c, double time_ns) {
    return c->left + (c->to_ns ? c->width * time_ns / (double)c->to_ns : 0);
}

static double y_of(const struct mt_svg_chart *c, double bytes) {
    return c->top + c->height - (c->most > 0 ? c->height * bytes / c->most : 0);
}

static double column_x(const struct mt_svg_chart *c, size_t i) {
    return c->left + c->width * ((double)i + .5) / (double)c->n_columns;
}

static void put_grid(const struct mt_svg_chart *c) {
    char label[MT_FORMAT_BYTES], grid[MT_SVG_STYLE_BYTES], dim[MT_SVG_STYLE_BYTES];
    mt_svg_style_stroke(MT_SVG_GRID, grid);
    mt_svg_style_fill(MT_SVG_DIM, dim);
    for (uint64_t bytes = 0; (double)bytes <= c->most; bytes += c->y_step)
        fprintf(c->stream,
                "<line %s x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>"
                "<text %s x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n",
                grid, c->left, c->left + c->width, y_of(c, (double)bytes), y_of(c, (double)bytes),
                dim, c->left - 8, y_of(c, (double)bytes) + 4, mt_scale_label_bytes(label, bytes));
    for (uint64_t time = 0; time <= c->to_ns; time += c->x_step)
        fprintf(c->stream,
                "<line %s x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>"
                "<text %s x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%s</text>\n",
                grid, x_of(c, (double)time), x_of(c, (double)time), c->top + c->height,
                c->top + c->height + 5, dim, x_of(c, (double)time), c->top + c->height + 19,
                mt_scale_label_time(label, time, c->x_step));
}

static enum mt_svg_color color_of(const struct mt_svg_chart *c, size_t l) {
    return c->has_other && l + 1 == c->n_lines ? MT_SVG_OTHER
                                               : (enum mt_svg_color)(l % MT_SVG_MOST_LINES);
}

static const char line_attributes[] =
    "fill=\"none\" stroke-width=\"1.6\" stroke-linejoin=\"round\"";

/* Draws the columns [from, to) as one shape, edge to edge. */
static void put_area(const struct mt_svg_chart *c, const struct mt_svg_line *line, size_t l,
                     size_t from, size_t to) {
    char style[MT_SVG_STYLE_BYTES];
    fputs("<path d=\"M", c->stream);
    for (size_t i = from; i < to; i++)
        fprintf(c->stream, "%.1f,%.1f ", column_x(c, i),
                y_of(c, line->top ? line->top[i] : line->columns[i]));
    for (size_t i = to; i-- > from;)
        fprintf(c->stream, "%.1f,%.1f ", column_x(c, i),
                y_of(c, line->bottom ? line->bottom[i] : 0));
    fprintf(c->stream, "Z\" %s fill-opacity=\"%s\"/>\n", mt_svg_style_fill(color_of(c, l), style),
            c->is_stacked ? ".85" : ".18");
}

static void put_stroke(const struct mt_svg_chart *c, const struct mt_svg_line *line, size_t l,
                       size_t from, size_t to) {
    char style[MT_SVG_STYLE_BYTES];
    fprintf(c->stream, "<path %s %s d=\"M", line_attributes,
            mt_svg_style_stroke(color_of(c, l), style));
    for (size_t i = from; i < to; i++)
        fprintf(c->stream, "%.1f,%.1f ", column_x(c, i), y_of(c, line->columns[i]));
    if (to == from + 1) /* a dot would not be seen */
        fprintf(c->stream, "%.1f,%.1f ", column_x(c, from) + 2, y_of(c, line->columns[from]));
    fputs("\"/>\n", c->stream);
}

/* Draws a dot for each reading, and a thin line that leads the eye from one to the next. */
static void put_readings(const struct mt_svg_chart *c, const struct mt_svg_line *line, size_t l) {
    char style[MT_SVG_STYLE_BYTES];
    fprintf(c->stream, "<path fill=\"none\" stroke-width=\".6\" stroke-dasharray=\"1 3\" %s d=\"M",
            mt_svg_style_stroke(color_of(c, l), style));
    for (size_t i = 0; i < c->n_columns; i++)
        if (line->columns[i] >= 0)
            fprintf(c->stream, "%.1f,%.1f ", column_x(c, i), y_of(c, line->columns[i]));
    fprintf(c->stream, "\"/>\n<g %s>", mt_svg_style_fill(color_of(c, l), style));
    for (size_t i = 0; i < c->n_columns; i++)
        if (line->columns[i] >= 0)
            fprintf(c->stream, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"1.8\"/>", column_x(c, i),
                    y_of(c, line->columns[i]));
    fputs("</g>\n", c->stream);
}

static void put_lines(const struct mt_svg_chart *c) {
    for (size_t l = 0; l < c->n_lines; l++) {
        const struct mt_svg_line *line = &c->lines[l];
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
static void put_marks(const struct mt_svg_chart *c) {
    const struct mt_timeline *t = c->timeline;
    double free_from = 0;
    for (size_t i = 0; i < t->n_marks && i < 200; i++) {
        if (t->marks[i].time_ns > c->to_ns)
            continue;
        char *name = mt_xml_escape(t->marks[i].name),
             *label = mt_xml_escape_shortened(t->marks[i].name, 24);
        char when[MT_FORMAT_BYTES], line[MT_SVG_STYLE_BYTES], sign[MT_SVG_STYLE_BYTES];
        double x = x_of(c, (double)t->marks[i].time_ns);
        double end = x + 12 + MT_SVG_CHARACTER * (label ? (double)mt_format_width(label) : 0);
        if (name)
            fprintf(c->stream,
                    "<g><title>%s at %s</title><line %s stroke-dasharray=\"4 3\" x1=\"%.1f\" "
                    "x2=\"%.1f\" "
                    "y1=\"%.1f\" y2=\"%.1f\"/>"
                    "<text %s x=\"%.1f\" y=\"%.1f\">▼</text>",
                    name, mt_format_duration(when, t->marks[i].time_ns),
                    mt_svg_style_stroke(MT_SVG_MARK, line), x, x, c->top, c->top + c->height,
                    mt_svg_style_fill(MT_SVG_MARK, sign), x - 5, c->top + 4);
        if (name && label && x >= free_from && end <= c->left + c->width) {
            fprintf(c->stream, "<text %s font-size=\"10\" x=\"%.1f\" y=\"%.1f\">%s</text>",
                    mt_svg_style_fill(MT_SVG_DIM, sign), x + 7, c->top + 11, label);
            free_from = end;
        }
        if (name)
            fputs("</g>\n", c->stream);
        free(name);
        free(label);
    }
}

static void put_peak(const struct mt_svg_chart *c) {
    const struct mt_course *course = c->course;
    char size[MT_FORMAT_BYTES], dot[MT_SVG_STYLE_BYTES], ink[MT_SVG_STYLE_BYTES];
    if (!course || !course->peak_time_known || (double)course->peak_bytes > c->most ||
        c->is_stacked)
        return;
    double x = x_of(c, (double)course->peak_ns), y = y_of(c, (double)course->peak_bytes);
    bool is_right = x > c->left + c->width * .8;
    fprintf(c->stream,
            "<circle %s cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\"/><text %s x=\"%.1f\" y=\"%.1f\""
            " text-anchor=\"%s\">peak %s</text>\n",
            mt_svg_style_fill(0, dot), x, y, mt_svg_style_fill(MT_SVG_INK, ink),
            is_right ? x - 8 : x + 8, y < c->top + 14 ? y + 14 : y - 6, is_right ? "end" : "start",
            mt_svg_chart_size((double)course->peak_bytes, size));
}

/* Draws invisible columns that tell the time and the values below the pointer. */
static void put_tooltips(const struct mt_svg_chart *c) {
    size_t n = c->n_columns < TOOLTIPS ? c->n_columns : TOOLTIPS;
    char text[MT_FORMAT_BYTES];
    for (size_t i = 0; i < n; i++) {
        size_t from = i * c->n_columns / n, to = (i + 1) * c->n_columns / n;
        double x = c->left + c->width * (double)from / (double)c->n_columns;
        double width = c->width * (double)(to - from) / (double)c->n_columns;
        double middle = (double)c->to_ns * (double)(from + to) / 2 / (double)c->n_columns;
        fprintf(c->stream,
                "<rect class=\"hit\" fill=\"#808080\" fill-opacity=\"0\" x=\"%.2f\" y=\"%.1f\" "
                "width=\"%.2f\" height=\"%.1f\"><title>%s",
                x, c->top, width, c->height, mt_format_duration(text, (uint64_t)middle));
        for (size_t l = c->n_lines; l-- > 0;) {
            double most = -1;
            for (size_t k = from; k < to; k++)
                most = c->lines[l].columns[k] > most ? c->lines[l].columns[k] : most;
            if (most > 0 || (most == 0 && !c->is_stacked))
                fprintf(c->stream, "\n%s: %s", c->lines[l].label, mt_svg_chart_size(most, text));
        }
        fputs("</title></rect>\n", c->stream);
    }
}

unsigned mt_svg_chart_legend(const struct mt_svg_chart *c, bool draw) {
    double x = c->left, most = c->left + c->width;
    char style[MT_SVG_STYLE_BYTES], ink[MT_SVG_STYLE_BYTES];
    unsigned row = 0;
    for (size_t l = 0; l < c->n_lines; l++) {
        double width = 26 + MT_SVG_CHARACTER * (double)mt_format_width(c->lines[l].label);
        if (x > c->left && x + width > most) {
            x = c->left;
            row++;
        }
        double y = c->top + c->height + MT_SVG_X_LABELS + mt_svg_tracks_height(&c->tracks) + 14 +
                   row * MT_SVG_LEGEND_ROW;
        if (draw)
            fprintf(c->stream,
                    "<rect %s x=\"%.1f\" y=\"%.1f\" width=\"11\" height=\"11\" rx=\"2\"/>"
                    "<text %s x=\"%.1f\" y=\"%.1f\">%s</text>\n",
                    mt_svg_style_fill(color_of(c, l), style), x, y,
                    mt_svg_style_fill(MT_SVG_INK, ink), x + 16, y + 10, c->lines[l].label);
        x += width;
    }
    return row + 1;
}

void mt_svg_chart_draw(const struct mt_svg_chart *c) {
    put_grid(c);
    put_lines(c);
    put_peak(c);
    mt_svg_chart_legend(c, true);
    put_tooltips(c);
    put_marks(c);
}
