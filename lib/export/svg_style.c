/* SPDX-License-Identifier: MIT */
/*
 * The colours of a chart. Each element has its colour literally, as an attribute, which any program
 * that draws SVG understands; and a class, by which a rule for dark backgrounds overrides it where
 * the viewer asks for such (a rule of CSS has precedence over an attribute). So what knows no CSS,
 * no media query or no custom property (librsvg, ImageMagick, office programs) draws the light
 * chart, and nothing falls back to black. For the same reason nothing relies on the name
 * "transparent".
 *
 * Both palettes keep their contrast to the background and stay apart for the colour-blind.
 */
#include "export/svg-local.h"

static const struct {
    const char *name, *light, *dark;
} colors[MT_SVG_COLORS] = {
    {"0", "#2166ac", "#79b8ff"},
    {"1", "#d95f02", "#ffa657"},
    {"2", "#1b9e77", "#56d4a5"},
    {"3", "#a63696", "#e0a3e8"},
    {"4", "#b8860b", "#e3c14f"},
    {"5", "#66a61e", "#a5d65a"},
    {"6", "#e7298a", "#ff8ac5"},
    {"7", "#5e4fa2", "#b3a7ff"},
    {"8", "#8c510a", "#d9a066"},
    {"9", "#35978f", "#7fe0d6"},
    {"10", "#d6604d", "#ff9e8a"},
    {"11", "#4393c3", "#a8d5ff"},
    [MT_SVG_OTHER] = {"x", "#9aa3ad", "#6e7681"},
    [MT_SVG_OWN] = {"o", "#6e7781", "#8b949e"},
    [MT_SVG_INK] = {"i", "#1f2328", "#e6edf3"},
    [MT_SVG_DIM] = {"d", "#59636e", "#9198a1"},
    [MT_SVG_GRID] = {"g", "#d8dee4", "#30363d"},
    [MT_SVG_MARK] = {"m", "#a40e26", "#ff7b72"},
    [MT_SVG_PAPER] = {"p", "#ffffff", "#0d1117"},
};

void mt_svg_style(FILE *out) {
    fputs("<style>.hit:hover{fill-opacity:.12}@media(prefers-color-scheme:dark){", out);
    for (size_t i = 0; i < MT_SVG_COLORS; i++)
        fprintf(out, ".f%s{fill:%s}.s%s{stroke:%s}", colors[i].name, colors[i].dark, colors[i].name,
                colors[i].dark);
    fputs("}</style>\n", out);
}

const char *mt_svg_style_fill(enum mt_svg_color color, char buffer[MT_SVG_STYLE_BYTES]) {
    snprintf(buffer, MT_SVG_STYLE_BYTES, "class=\"f%s\" fill=\"%s\"", colors[color].name,
             colors[color].light);
    return buffer;
}

const char *mt_svg_style_stroke(enum mt_svg_color color, char buffer[MT_SVG_STYLE_BYTES]) {
    snprintf(buffer, MT_SVG_STYLE_BYTES, "class=\"s%s\" stroke=\"%s\"", colors[color].name,
             colors[color].light);
    return buffer;
}

const char *mt_svg_style_both(enum mt_svg_color color, char buffer[MT_SVG_STYLE_BYTES]) {
    snprintf(buffer, MT_SVG_STYLE_BYTES, "class=\"f%s s%s\" fill=\"%s\" stroke=\"%s\"",
             colors[color].name, colors[color].name, colors[color].light, colors[color].light);
    return buffer;
}
