/* SPDX-License-Identifier: MIT */
/*
 * Scopes and counters below a chart, on its time axis. Scopes are bars, one for each stretch of
 * time in which any of the name ran, so that a thousand short ones cost no more than what can be
 * told apart; a counter is an area from 0 to its own highest, which is written at its end. Both are
 * grey, since every colour is some line's. As in the chart, titles say what the pointer is on.
 */
#include "export/svg-local.h"

#include <stdlib.h>

#include "export/xml-local.h"
#include "view/format/format.h"

enum { TRACK = 20, BAR = 8, AREA = 15, ABOVE = 6, LABEL_GAP = 8 };

static double x_of(const struct mt_svg_place *place, size_t column) {
    return place->left + place->width * (double)column / (double)place->n_columns;
}

static const char *time_text(const struct mt_svg_place *place, size_t column,
                             char buffer[MT_FORMAT_BYTES]) {
    return mt_format_duration(
        buffer, (uint64_t)((double)place->to_ns * (double)column / (double)place->n_columns));
}

/* Returns the end of the stretch that begins at from: its columns are all above the bound. */
static size_t stretch(const struct mt_timeline_track *track, size_t from, size_t n, double bound) {
    while (from < n && track->columns[from] > bound)
        from++;
    return from;
}

static void put_bars(FILE *out, const struct mt_timeline_track *track, const char *name,
                     const struct mt_svg_place *place, double y) {
    char begin[MT_FORMAT_BYTES], end[MT_FORMAT_BYTES], own[MT_SVG_STYLE_BYTES];
    mt_svg_style_fill(MT_SVG_OWN, own);
    for (size_t from = 0, to; from < place->n_columns; from = to + 1) {
        to = stretch(track, from, place->n_columns, 0);
        if (to > from)
            fprintf(out,
                    "<rect %s x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\" rx=\"1.5\">"
                    "<title>%s, %s to %s</title></rect>\n",
                    own, x_of(place, from), y + (TRACK - BAR) / 2.0,
                    x_of(place, to) - x_of(place, from), BAR, name, time_text(place, from, begin),
                    time_text(place, to, end));
    }
}

static void put_areas(FILE *out, const struct mt_timeline_track *track, const char *name,
                      const struct mt_svg_place *place, double y) {
    char most[MT_FORMAT_BYTES], own[MT_SVG_STYLE_BYTES], dim[MT_SVG_STYLE_BYTES];
    double base = y + TRACK - 2;
    mt_format_count(most, mt_tracks_most(track));
    for (size_t from = 0, to; from < place->n_columns; from = to + 1) {
        to = stretch(track, from, place->n_columns, MT_TRACK_NONE);
        if (to == from)
            continue;
        fprintf(out, "<path %s fill-opacity=\".35\" d=\"M%.1f,%.1f",
                mt_svg_style_both(MT_SVG_OWN, own), x_of(place, from), base);
        for (size_t x = from; x < to; x++) {
            double top = base - AREA * mt_tracks_share(track, x);
            fprintf(out, " %.1f,%.1f %.1f,%.1f", x_of(place, x), top, x_of(place, x + 1), top);
        }
        fprintf(out, " %.1f,%.1fZ\"><title>%s, at most %s</title></path>\n", x_of(place, to), base,
                name, most);
    }
    fprintf(out,
            "<text %s font-size=\"10\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">max %s</text>\n",
            mt_svg_style_fill(MT_SVG_DIM, dim), place->left + place->width - 4, base - 4, most);
}

unsigned mt_svg_tracks_height(const struct mt_timeline_tracks *tracks) {
    return tracks->n ? ABOVE + TRACK * (unsigned)tracks->n : 0;
}

int mt_svg_tracks_put(FILE *out, const struct mt_timeline_tracks *tracks,
                      const struct mt_svg_place *place) {
    for (size_t i = 0; i < tracks->n; i++) {
        const struct mt_timeline_track *track = &tracks->items[i];
        double y = place->top + ABOVE + TRACK * (double)i;
        char *name = mt_xml_escape(track->name);
        char *label = mt_xml_escape_shortened(track->name, (MT_SVG_TRACK_LABELS - 2 * LABEL_GAP) /
                                                               MT_SVG_CHARACTER);
        if (name && label) {
            char dim[MT_SVG_STYLE_BYTES], grid[MT_SVG_STYLE_BYTES];
            fprintf(out,
                    "<text %s x=\"%.1f\" y=\"%.1f\" "
                    "text-anchor=\"end\">%s<title>%s</title></text>"
                    "<line %s x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>\n",
                    mt_svg_style_fill(MT_SVG_DIM, dim), place->left - LABEL_GAP,
                    y + TRACK / 2.0 + 4, label, name, mt_svg_style_stroke(MT_SVG_GRID, grid),
                    place->left, place->left + place->width, y + TRACK - 1.0, y + TRACK - 1.0);
            if (track->is_counter)
                put_areas(out, track, name, place, y);
            else
                put_bars(out, track, name, place, y);
        }
        bool done = name && label;
        free(name);
        free(label);
        if (!done)
            return -MEMTRACK_ENOMEM;
    }
    return 0;
}
