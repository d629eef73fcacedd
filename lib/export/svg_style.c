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

/* Paler (or, on dark paper, deeper) than lines are, because text stands on them: its contrast to
 * each is above 7:1. */
static const struct {
    const char *light[MT_SVG_SHADES], *dark[MT_SVG_SHADES];
} frames[MT_SVG_ALL_HUES] = {
    {{"#b3d4f5", "#a3c9f1", "#c2ddf8"}, {"#1d4f80", "#24598e", "#174370"}},
    {{"#fbd0a8", "#f8c391", "#fcdcbd"}, {"#7a4317", "#874c1d", "#6b3a12"}},
    {{"#bce3c0", "#abdab0", "#cdebd0"}, {"#1f5a36", "#26663e", "#194d2d"}},
    {{"#dcc8f2", "#d1b8ee", "#e6d7f6"}, {"#51377c", "#5b408a", "#472f6e"}},
    {{"#f3e2a0", "#eed888", "#f6eab8"}, {"#645314", "#715e1a", "#57480f"}},
    {{"#b0e2e0", "#9cd9d6", "#c4eae8"}, {"#15585a", "#1b6466", "#104b4d"}},
    {{"#f8c6d6", "#f4b5c9", "#fad5e1"}, {"#7a2f4d", "#883857", "#6c2743"}},
    {{"#d9d3c4", "#cfc8b6", "#e3ded2"}, {"#524a3a", "#5d5443", "#473f31"}},
    [MT_SVG_HUE_GREY] = {{"#d5dae0", "#cbd1d8", "#e2e6ea"}, {"#3d444d", "#454c56", "#343a42"}},
    [MT_SVG_HUE_MORE] = {{"#f8b4ae", "#fad0cc", "#fbe6e4"}, {"#7d2a26", "#602c2b", "#483235"}},
    [MT_SVG_HUE_LESS] = {{"#a5cbf7", "#c6def9", "#e1edfb"}, {"#1d4f8a", "#26456a", "#2e3b4b"}},
};

static void put_dark_hues(FILE *out, unsigned from, unsigned to) {
    for (unsigned hue = from; hue < to; hue++)
        for (unsigned shade = 0; shade < MT_SVG_SHADES; shade++)
            fprintf(out, ".h%u%c{fill:%s}", hue, 'a' + (int)shade, frames[hue].dark[shade]);
}

void mt_svg_style_frames(FILE *out) {
    fputs("<style>g:hover&gt;rect{stroke:#808080}@media(prefers-color-scheme:dark){", out);
    put_dark_hues(out, 0, MT_SVG_HUES);
    fputs("}</style>\n", out);
}

void mt_svg_style_changes(FILE *out) {
    fputs("<style>@media(prefers-color-scheme:dark){", out);
    put_dark_hues(out, MT_SVG_HUES, MT_SVG_ALL_HUES);
    fputs("}</style>\n", out);
}

const char *mt_svg_style_frame(unsigned hue, unsigned shade, char buffer[MT_SVG_STYLE_BYTES]) {
    snprintf(buffer, MT_SVG_STYLE_BYTES, "class=\"h%u%c\" fill=\"%s\"", hue, 'a' + (int)shade,
             frames[hue].light[shade]);
    return buffer;
}

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
