/* SPDX-License-Identifier: MIT */
/* Shared by the files of one chart, svg_timeline.c (the page), svg_chart.c (the plot) and
 * svg_tracks.c (what is below it), and svg_style.c: colours, of flame graphs too. Private to
 * them. */
#ifndef MT_EXPORT_SVG_LOCAL_H
#define MT_EXPORT_SVG_LOCAL_H

#include <stdint.h>
#include <stdio.h>

#include "view/format/format.h"
#include "view/timeline/tracks.h"

enum {
    MT_SVG_MOST_LINES = 12, /* colours */
    MT_SVG_X_LABELS = 26,
    MT_SVG_LEGEND_ROW = 20,
    MT_SVG_CHARACTER = 7,      /* pixels: about the width of a character of 12 px */
    MT_SVG_TRACK_LABELS = 140, /* pixels to the left of the tracks, for their names */
};

enum mt_svg_color { /* the first MT_SVG_MOST_LINES are those of lines */
                    MT_SVG_OTHER = MT_SVG_MOST_LINES,
                    MT_SVG_OWN,
                    MT_SVG_INK,
                    MT_SVG_DIM,
                    MT_SVG_GRID,
                    MT_SVG_MARK,
                    MT_SVG_PAPER,
                    MT_SVG_COLORS
};

/* Of the frames of a flame graph: a hue for each module, and shades of it. */
enum {
    MT_SVG_HUE_GREY = 8,
    MT_SVG_HUES,
    MT_SVG_HUE_MORE = MT_SVG_HUES, /* of a difference, as its legend has it; the first shade is */
    MT_SVG_HUE_LESS,               /* the strongest */
    MT_SVG_ALL_HUES,
    MT_SVG_SHADES = 3,
};

enum { MT_SVG_STYLE_BYTES = 64 };

/* Writes the element for the head of the page. */
void mt_svg_style(FILE *out);
/* Return the attributes that give an element this colour, its class among them. */
const char *mt_svg_style_fill(enum mt_svg_color color, char buffer[MT_SVG_STYLE_BYTES]);
const char *mt_svg_style_stroke(enum mt_svg_color color, char buffer[MT_SVG_STYLE_BYTES]);
const char *mt_svg_style_both(enum mt_svg_color color, char buffer[MT_SVG_STYLE_BYTES]);

/* Writes the element that frames need in the head, beside the one above. */
void mt_svg_style_frames(FILE *out);
void mt_svg_style_changes(FILE *out); /* and that, for those of a difference */
const char *mt_svg_style_frame(unsigned hue, unsigned shade, char buffer[MT_SVG_STYLE_BYTES]);

/* A line or a layer. */
struct mt_svg_line {
    char *label;          /* escaped */
    double *columns;      /* its own value in each column; -1: none */
    bool is_sparse;       /* readings, with nothing known between them */
    double *top, *bottom; /* of the area; NULL: a line alone */
};

struct mt_svg_chart {
    FILE *stream;
    const struct mt_timeline *timeline;
    const struct mt_course *course; /* whose chart it is; NULL: it is of several */
    struct mt_svg_line lines[MT_SVG_MOST_LINES + 1];
    struct mt_timeline_tracks tracks;
    size_t n_lines, n_columns;
    bool is_stacked, has_other, is_first_filled;
    uint64_t to_ns;
    double most;
    uint64_t y_step, x_step;
    double left, top, width, height; /* of the plot */
    unsigned total_width, total_height;
};

const char *mt_svg_chart_size(double bytes, char buffer[MT_FORMAT_BYTES]);
/* Returns how many rows the legend takes, and draws it when asked to. */
unsigned mt_svg_chart_legend(const struct mt_svg_chart *chart, bool draw);
/* Draws the plot and its legend. */
void mt_svg_chart_draw(const struct mt_svg_chart *chart);

struct mt_svg_place {
    double left, top, width; /* of the tracks themselves; names are to the left */
    size_t n_columns;
    uint64_t to_ns;
};

unsigned mt_svg_tracks_height(const struct mt_timeline_tracks *tracks); /* 0: there are none */
int mt_svg_tracks_put(FILE *out, const struct mt_timeline_tracks *tracks,
                      const struct mt_svg_place *place);

#endif
