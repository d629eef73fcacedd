/* SPDX-License-Identifier: MIT */
/* Shared by svg_timeline.c (the chart) and svg_tracks.c (what is below it). Private to them. */
#ifndef MT_EXPORT_SVG_LOCAL_H
#define MT_EXPORT_SVG_LOCAL_H

#include <stdint.h>
#include <stdio.h>

#include "view/timeline/tracks.h"

enum {
    MT_SVG_CHARACTER = 7,      /* about the width of one of 12 px */
    MT_SVG_TRACK_LABELS = 140, /* what is left of the tracks, in pixels */
};

struct mt_svg_place {
    double left, top, width; /* of the tracks themselves; names are to the left */
    size_t n_columns;
    uint64_t to_ns;
};

unsigned mt_svg_tracks_height(const struct mt_timeline_tracks *tracks); /* 0: there are none */
int mt_svg_tracks_put(FILE *out, const struct mt_timeline_tracks *tracks,
                      const struct mt_svg_place *place);

#endif
