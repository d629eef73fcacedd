/* SPDX-License-Identifier: MIT */
/* Shared by svg.c (the chart) and svg_lanes.c (what is below it). Private to them. */
#ifndef MT_EXPORT_SVG_LOCAL_H
#define MT_EXPORT_SVG_LOCAL_H

#include <stdint.h>
#include <stdio.h>

#include "view/timeline/tracks.h"

enum {
    MT_SVG_CHARACTER = 7,     /* about the width of one of 12 px */
    MT_SVG_LANE_LABELS = 140, /* what is left of the lanes, in pixels */
};

struct mt_svg_place {
    double left, top, width; /* of the lanes themselves; names are to the left */
    size_t n_columns;
    uint64_t to_ns;
};

unsigned mt_svg_lanes_height(const struct mt_lanes *lanes); /* 0: there are none */
int mt_svg_put_lanes(FILE *out, const struct mt_lanes *lanes, const struct mt_svg_place *place);

#endif
