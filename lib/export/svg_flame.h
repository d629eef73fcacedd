/* SPDX-License-Identifier: MIT */
/* The frames of a flame graph, for svg_profile.c; private to lib/export. */
#ifndef MT_EXPORT_SVG_FLAME_H
#define MT_EXPORT_SVG_FLAME_H

#include <stdbool.h>
#include <stdio.h>

#include "view/format/format.h"
#include "view/tree/tree.h"

enum {
    MT_SVG_FLAME_LEGEND = 8, /* entries: a hue each, the last one for all other modules */
    MT_SVG_FLAME_LEVELS = 120,
};

/* Frames that are not drawn, nor what is below them. */
struct mt_svg_folded {
    size_t n;
    int64_t value;
};

struct mt_svg_flame {
    FILE *out;
    const struct mt_tree *tree;
    const struct mt_rows *rows;
    enum mt_value value;
    double left, top, width; /* of the frames, in pixels */

    /* What measuring finds. */
    int64_t root_value;
    bool is_signed; /* it is a difference: frames are as wide as what has changed in them */
    unsigned limit; /* levels, the root's among them */
    struct mt_svg_folded thin, deep;
    struct {
        mt_string module;
        char *label; /* escaped */
        unsigned hue;
    } legend[MT_SVG_FLAME_LEGEND];
    size_t n_legend;

    /* Private. */
    struct mt_svg_flame_module {
        mt_string module;
        double area;
    } * modules;
    size_t n_modules, modules_capacity;
    double level_width[MT_SVG_FLAME_LEVELS + 1];
    bool draws, failed;
};

/* Lays out without drawing. Returns false when out of memory. */
bool mt_svg_flame_measure(struct mt_svg_flame *flame);
double mt_svg_flame_height(const struct mt_svg_flame *flame);
/* Draws the frames from top on. Returns false when out of memory. */
bool mt_svg_flame_draw(struct mt_svg_flame *flame);
/* Frees what measuring has made; the tree and the rows are the caller's. */
void mt_svg_flame_free(struct mt_svg_flame *flame);

/* "12.3 MiB", "1,234 blocks", "1 block"; of a difference "+12.3 MiB". Returns text. */
const char *mt_svg_flame_signed(const struct mt_svg_flame *flame, int64_t figure,
                                char text[MT_FORMAT_BYTES]);
const char *mt_svg_flame_figure(enum mt_value value, int64_t figure, char text[MT_FORMAT_BYTES]);

/* Writes which share of the column a figure is: "12.3%", "&lt;0.1%". */
void mt_svg_flame_put_share(const struct mt_svg_flame *flame, int64_t figure);

#endif
