/* SPDX-License-Identifier: MIT */
/*
 * A track is a row of the chart's columns. One of scopes says in which columns any of its name ran,
 * one of a counter how high it stood at the end of each, from 0 to its own highest, which is told
 * below.
 *
 *   request    ▬▬  ▬▬▬▬▬   ▬
 *   cache      ▂▂▂▄▄▄█▂
 *              highest: cache 4,096
 */
#include "text/chart_rows.h"

#include <stdio.h>
#include <stdlib.h>

#include "view/format/format.h"
#include "view/timeline/tracks.h"

static void put_label(const struct mt_terminal *terminal, const struct mt_chart_rows_place *place,
                      const char *name) {
    char *visible = mt_format_visible(name, terminal->utf8);
    char *fitting =
        visible ? mt_format_shorten_middle(visible, place->label_width, terminal->ellipsis) : NULL;
    size_t width = fitting ? mt_format_width(fitting) : 0;
    fprintf(terminal->stream, "%*s",
            (int)(width < place->label_width ? place->label_width - width : 0), "");
    mt_terminal_put(terminal, MT_STYLE_NONE, fitting);
    fputs("  ", terminal->stream);
    free(visible);
    free(fitting);
}

static const char *glyph_of(const struct mt_terminal *terminal,
                            const struct mt_timeline_track *track,
                            const struct mt_chart_rows_place *place, size_t x) {
    if (!track->is_counter)
        return track->columns[x] > 0 ? (terminal->utf8 ? "▬" : "=") : " ";
    double share = mt_tracks_share(track, x);
    size_t step = share < 0 ? 0 : 1 + (size_t)(share * (double)(place->n_steps - 1) + 0.5);
    return place->steps[step < place->n_steps ? step : place->n_steps];
}

/* Nothing is printed behind the last column that is not blank. */
static void put_track(const struct mt_terminal *terminal, const struct mt_timeline_track *track,
                      const struct mt_chart_rows_place *place) {
    size_t n = place->columns;
    while (n > 0 && track->columns[n - 1] <= (track->is_counter ? MT_TRACK_NONE : 0))
        n--;
    put_label(terminal, place, track->name);
    fputs(mt_terminal_style(terminal, track->is_counter ? MT_STYLE_BAR : MT_STYLE_SOURCE),
          terminal->stream);
    for (size_t x = 0; x < n; x++)
        fputs(glyph_of(terminal, track, place, x), terminal->stream);
    fprintf(terminal->stream, "%s\n", mt_terminal_style(terminal, MT_STYLE_NONE));
}

/* Prints "highest: cache 4,096, queue 7", with as many counters as fit. */
static void put_highest(const struct mt_terminal *terminal, const struct mt_timeline_tracks *tracks,
                        const struct mt_chart_rows_place *place) {
    const char *before = "highest: ";
    size_t taken = 0;
    for (size_t i = 0; i < tracks->n; i++) {
        char most[MT_FORMAT_BYTES], *text = NULL;
        char *name = tracks->items[i].is_counter
                         ? mt_format_visible(tracks->items[i].name, terminal->utf8)
                         : NULL;
        if (name &&
            asprintf(&text, "%s%s %s", before, name,
                     mt_format_count(most, mt_tracks_most(&tracks->items[i]))) >= 0 &&
            taken + mt_format_width(text) <= place->columns) {
            fprintf(terminal->stream, "%*s", taken ? 0 : (int)place->label_width + 2, "");
            mt_terminal_put(terminal, MT_STYLE_DIM, text);
            taken += mt_format_width(text);
            before = ", ";
        }
        free(name);
        free(text);
    }
    if (taken)
        fputc('\n', terminal->stream);
}

int mt_chart_rows_print(const struct mt_terminal *terminal, const struct mt_timeline *timeline,
                        const struct mt_course *course, const struct mt_chart_rows_place *place) {
    struct mt_timeline_tracks tracks;
    if (mt_tracks_build(timeline, course, place->columns, &tracks) != 0)
        return -1;
    for (size_t i = 0; i < tracks.n; i++)
        put_track(terminal, &tracks.items[i], place);
    put_highest(terminal, &tracks, place);
    if (tracks.n_left_out) {
        char text[96];
        size_t column = place->label_width + 2;
        snprintf(text, sizeof text, "and %zu more name%s of scopes and counters: see --json",
                 tracks.n_left_out, tracks.n_left_out == 1 ? "" : "s");
        fprintf(terminal->stream, "%*s", (int)column, "");
        mt_terminal_put_fitting(terminal, column, MT_STYLE_NONE, text);
        fputc('\n', terminal->stream);
    }
    mt_tracks_free(&tracks);
    return 0;
}
