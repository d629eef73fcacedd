/* SPDX-License-Identifier: MIT */
/*
 * The frames of a flame graph. A walk over the tree gives each frame its place: children divide
 * the width of their parent by their figures, largest first, and what calls of the parent itself
 * hold stays free below it. A frame narrower than a pixel ends its branch; those of one parent are
 * drawn as one grey box, so that what is missing is seen where it is missing.
 *
 * A profile that is a difference has figures below zero, and what grew in a frame may hide what
 * shrank. There a frame is as wide as all changes below it, up and down. Its colour is red where it
 * grew and blue where it shrank, the stronger the more of the changes go one way.
 *
 * Labels are written in a monospaced font, whose widths are known without measuring: no usual one
 * is wider than 0.61 em. A label that is cut keeps what tells functions apart (format/shorten.c).
 *
 * Colours: the seven modules with the largest area have hues of their own, which the legend names.
 * Within one, a frame has one of three shades, by its name: a function looks the same wherever it
 * is, and neighbours mostly differ.
 */
#include "export/svg_flame.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/hash.h"
#include "base/saturate.h"
#include "export/svg-local.h"
#include "export/xml-local.h"

enum {
    ROW_HEIGHT = 19,
    FRAME_HEIGHT = 18,
    LABEL_PADDING = 5,
    LEAST_COLUMNS = 4,         /* of a label */
    LEAST_MIDDLE_COLUMNS = 12, /* of one that loses its middle and not its end */
    FIGURE_GAP = 2,            /* columns between the name and the figure */
    TITLE_COLUMNS = 300,
    LEGEND_LABEL_COLUMNS = 48,
};

#define LEAST_WIDTH  1.0  /* pixels */
#define LEAST_LEVEL  .015 /* of the whole width: what all frames of the last level have */
#define FONT_SIZE    11.5
#define COLUMN_WIDTH (FONT_SIZE * .61)

struct box {
    double x, width;
    unsigned level;
};

const char *mt_svg_flame_figure(enum mt_value value, int64_t figure, char text[MT_FORMAT_BYTES]) {
    char count[MT_FORMAT_BYTES];
    if (mt_sort_is_bytes(value))
        return mt_format_size(text, figure, false);
    snprintf(text, MT_FORMAT_BYTES, "%s block%s", mt_format_count(count, figure),
             figure == 1 ? "" : "s");
    return text;
}

const char *mt_svg_flame_signed(const struct mt_svg_flame *flame, int64_t figure,
                                char text[MT_FORMAT_BYTES]) {
    char plain[MT_FORMAT_BYTES];
    if (!flame->is_signed || figure <= 0)
        return mt_svg_flame_figure(flame->value, figure, text);
    int n =
        snprintf(text, MT_FORMAT_BYTES, "+%s", mt_svg_flame_figure(flame->value, figure, plain));
    return n < MT_FORMAT_BYTES ? text : mt_svg_flame_figure(flame->value, figure, text);
}

void mt_svg_flame_put_share(const struct mt_svg_flame *flame, int64_t figure) {
    char percent[MT_FORMAT_BYTES];
    mt_xml_put(flame->out,
               mt_format_percent(percent, figure, mt_rows_whole(flame->rows, flame->value)));
}

/* ---- colours --------------------------------------------------------------------------------- */

static mt_string module_of(const struct mt_tree_node *node) {
    return node->has_frame ? node->frame.module : 0;
}

static void count_area(struct mt_svg_flame *flame, mt_string module, double area) {
    size_t i = 0;
    while (i < flame->n_modules && flame->modules[i].module != module)
        i++;
    if (i == flame->n_modules) {
        if (!mt_array_reserve(&flame->modules, &flame->modules_capacity, i + 1,
                              sizeof *flame->modules)) {
            flame->failed = true;
            return;
        }
        flame->modules[flame->n_modules++] = (struct mt_svg_flame_module){.module = module};
    }
    flame->modules[i].area += area;
}

/* Largest first; the order in which the tree was walked decides among equals. */
static void sort_modules(struct mt_svg_flame *flame) {
    for (size_t i = 1; i < flame->n_modules; i++) {
        struct mt_svg_flame_module module = flame->modules[i];
        size_t at = i;
        for (; at > 0 && flame->modules[at - 1].area < module.area; at--)
            flame->modules[at] = flame->modules[at - 1];
        flame->modules[at] = module;
    }
}

static char *label_of_others(size_t n) {
    char *label = NULL;
    return asprintf(&label, "%zu other module%s", n, n == 1 ? "" : "s") < 0 ? NULL : label;
}

static void make_legend_of_changes(struct mt_svg_flame *flame) {
    static const char *const labels[] = {"grew", "shrank"};
    for (unsigned i = 0; i < sizeof labels / sizeof *labels; i++) {
        flame->legend[i].hue = MT_SVG_HUE_MORE + i;
        flame->legend[i].label = strdup(labels[i]);
        flame->failed |= !flame->legend[i].label;
    }
    flame->n_legend = sizeof labels / sizeof *labels;
}

static void make_legend_of_modules(struct mt_svg_flame *flame) {
    const struct mt_profile *profile = mt_rows_profile(flame->rows);
    size_t last = MT_SVG_FLAME_LEGEND - 1;
    bool has_others = flame->n_modules > last + 1;
    size_t named = has_others ? last : flame->n_modules;
    sort_modules(flame);
    for (size_t i = 0; i < named; i++) {
        const char *name = basename(mt_profile_text(profile, flame->modules[i].module));
        flame->legend[i].module = flame->modules[i].module;
        flame->legend[i].hue = *name ? (unsigned)i : MT_SVG_HUE_GREY;
        flame->legend[i].label =
            mt_xml_escape_shortened(*name ? name : "no module", LEGEND_LABEL_COLUMNS);
        flame->failed |= !flame->legend[i].label;
    }
    flame->n_legend = named;
    if (has_others) {
        flame->legend[last].hue = MT_SVG_HUE_GREY;
        flame->legend[last].label = label_of_others(flame->n_modules - last);
        flame->failed |= !flame->legend[last].label;
        flame->n_legend++;
    }
}

static void make_legend(struct mt_svg_flame *flame) {
    if (flame->is_signed)
        make_legend_of_changes(flame);
    else
        make_legend_of_modules(flame);
}

static unsigned hue_of(const struct mt_svg_flame *flame, mt_string module) {
    for (size_t i = 0; i < flame->n_legend; i++)
        if (flame->legend[i].module == module && flame->legend[i].hue != MT_SVG_HUE_GREY)
            return flame->legend[i].hue;
    return MT_SVG_HUE_GREY;
}

static unsigned shade_of(const char *name) {
    uint64_t hash = 0;
    for (; *name; name++)
        hash = mt_hash_mix(hash, (unsigned char)*name);
    return (unsigned)(hash % MT_SVG_SHADES);
}

/* How a frame of a difference is filled: by which part of its changes is left when what went up
 * and what went down are set against each other. */
static const char *style_of_change(const struct mt_svg_flame *flame,
                                   const struct mt_tree_node *node,
                                   char style[MT_SVG_STYLE_BYTES]) {
    int64_t value = node->value[flame->value];
    double part = node->gross ? (double)mt_saturate_magnitude(value) / (double)node->gross : 0;
    unsigned shade = part > .6 ? 0 : part > .2 ? 1 : 2;
    if (value == 0)
        return mt_svg_style_frame(MT_SVG_HUE_GREY, 2, style);
    return mt_svg_style_frame(value > 0 ? MT_SVG_HUE_MORE : MT_SVG_HUE_LESS, shade, style);
}

static const char *style_of(const struct mt_svg_flame *flame, uint32_t id, const char *key,
                            char style[MT_SVG_STYLE_BYTES]) {
    const struct mt_tree_node *node = mt_tree_node(flame->tree, id);
    if (flame->is_signed)
        return style_of_change(flame, node, style);
    return mt_svg_style_frame(id ? hue_of(flame, module_of(node)) : MT_SVG_HUE_GREY,
                              id ? shade_of(key) : 2, style);
}

/* ---- one frame ------------------------------------------------------------------------------- */

/* Returns the name in so many columns, malloc'ed; NULL: out of memory. */
static char *shortened(const char *key, size_t columns) {
    char *visible = mt_format_visible(key, true), *name = NULL;
    if (visible)
        name = columns < LEAST_MIDDLE_COLUMNS && mt_format_shorten_least(visible, "…") > columns
                   ? mt_format_shorten_end(visible, columns, "…")
                   : mt_format_shorten_function(visible, columns, "…");
    free(visible);
    return name;
}

/* Writes the name and, where there is room for both, the figure at the right end. */
static bool put_label(const struct mt_svg_flame *flame, const char *key, int64_t value,
                      const struct box *box, double y) {
    double room = (box->width - 2 * LABEL_PADDING) / COLUMN_WIDTH;
    size_t columns = room < LEAST_COLUMNS ? 0 : (size_t)room;
    char figure[MT_FORMAT_BYTES];
    char *name = columns ? shortened(key, columns) : NULL;
    char *escaped = name ? mt_xml_escape(name) : NULL;
    bool done = !columns || escaped;
    if (escaped) {
        mt_svg_flame_signed(flame, value, figure);
        fprintf(flame->out, "<text x=\"%.1f\" y=\"%.1f\">%s</text>", box->x + LABEL_PADDING, y + 13,
                escaped);
        if (mt_format_width(name) + FIGURE_GAP + strlen(figure) <= columns)
            fprintf(flame->out,
                    "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\" fill-opacity=\".65\">%s"
                    "</text>",
                    box->x + box->width - LABEL_PADDING, y + 13, figure);
    }
    free(name);
    free(escaped);
    return done;
}

/* Writes what a frame holds: "12.3 MiB (12,897,484 bytes), 4.1%"; of a difference what went up in it
 * and what went down. */
static void put_figures(const struct mt_svg_flame *flame, const struct mt_tree_node *node) {
    char figure[MT_FORMAT_BYTES];
    int64_t value = node->value[flame->value];
    fprintf(flame->out, "\n%s", mt_svg_flame_signed(flame, value, figure));
    if (mt_sort_is_bytes(flame->value))
        fprintf(flame->out, " (%s bytes)", mt_format_count(figure, value));
    if (!flame->is_signed) {
        fputs(", ", flame->out);
        mt_svg_flame_put_share(flame, value);
        return;
    }
    int64_t down = node->gross / 2 - value / 2;
    if (value < node->gross && value > -node->gross)
        fprintf(flame->out, ": %s less in some places, and more in others",
                mt_svg_flame_figure(flame->value, down, figure));
}

/* The tooltip: everything that the label has no room for. */
static bool put_title(const struct mt_svg_flame *flame, const char *key,
                      const struct mt_tree_node *node) {
    const struct mt_profile *profile = mt_rows_profile(flame->rows);
    const char *module = basename(mt_profile_text(profile, module_of(node)));
    char *visible = mt_format_visible(key, true);
    char *name = visible ? mt_format_shorten_end(visible, TITLE_COLUMNS, "…") : NULL;
    bool done = name != NULL;
    fputs("<title>", flame->out);
    done = done && mt_xml_put(flame->out, name);
    if (node->has_frame && node->frame.file) {
        fputc('\n', flame->out);
        done = done && mt_xml_put(flame->out, mt_profile_text(profile, node->frame.file));
    }
    if (*module) {
        fputc('\n', flame->out);
        done = done && mt_xml_put(flame->out, module);
    }
    put_figures(flame, node);
    fputs("</title>", flame->out);
    free(visible);
    free(name);
    return done;
}

static double y_of(const struct mt_svg_flame *flame, const struct box *box) {
    return flame->top + box->level * ROW_HEIGHT;
}

static void put_rectangle(const struct mt_svg_flame *flame, const struct box *box,
                          const char *style) {
    double gap = box->width > 3 ? 1 : box->width * .25;
    fprintf(flame->out, "<rect %s x=\"%.2f\" y=\"%.1f\" width=\"%.2f\" height=\"%d\"%s/>", style,
            box->x, y_of(flame, box), box->width - gap, FRAME_HEIGHT,
            box->width > 8 ? " rx=\"2\"" : "");
}

static void draw_frame(struct mt_svg_flame *flame, uint32_t id, const struct box *box) {
    const struct mt_tree_node *node = mt_tree_node(flame->tree, id);
    char style[MT_SVG_STYLE_BYTES];
    char *key = id ? mt_tree_key(flame->tree, id) : strdup("all");
    if (!key) {
        flame->failed = true;
        return;
    }
    fputs("<g>", flame->out);
    bool done = put_title(flame, key, node);
    put_rectangle(flame, box, style_of(flame, id, key, style));
    done = done && put_label(flame, key, node->value[flame->value], box, y_of(flame, box));
    fputs("</g>\n", flame->out);
    flame->failed |= !done;
    free(key);
}

/* Draws one box for those of a frame's children that are too narrow. */
static void draw_thin(struct mt_svg_flame *flame, const struct mt_svg_folded *folded,
                      const struct box *box) {
    char style[MT_SVG_STYLE_BYTES], count[MT_FORMAT_BYTES], figure[MT_FORMAT_BYTES];
    if (box->width < LEAST_WIDTH)
        return;
    fprintf(flame->out, "<g><title>%s frames, each narrower than a pixel\n%s</title>",
            mt_format_count(count, (int64_t)folded->n),
            mt_svg_flame_figure(flame->value, folded->value, figure));
    put_rectangle(flame, box, mt_svg_style_fill(MT_SVG_GRID, style));
    fputs("</g>\n", flame->out);
}

/* ---- the walk -------------------------------------------------------------------------------- */

static void fold(struct mt_svg_folded *folded, int64_t value) {
    folded->n++;
    mt_saturate_add(&folded->value, value);
}

/* What the width of a frame stands for. */
static int64_t weight_of(const struct mt_svg_flame *flame, uint32_t id) {
    const struct mt_tree_node *node = mt_tree_node(flame->tree, id);
    return flame->is_signed ? node->gross : node->value[flame->value];
}

static void walk(struct mt_svg_flame *flame, uint32_t id, const struct box *box);

/* Gives a child its place from *x on, or folds it. */
static void place(struct mt_svg_flame *flame, uint32_t child, double scale, unsigned level,
                  double *x, struct mt_svg_folded *thin) {
    int64_t value = weight_of(flame, child);
    double width = value > 0 ? (double)value * scale : 0;
    if (value > 0 && level >= flame->limit)
        fold(&flame->deep, value);
    else if (value > 0 && width < LEAST_WIDTH)
        fold(thin, value);
    else if (value > 0) {
        const struct box box = {*x, width, level};
        walk(flame, child, &box);
        *x += width;
    }
}

static void walk_children(struct mt_svg_flame *flame, uint32_t id, const struct box *box) {
    size_t n;
    const uint32_t *children = mt_tree_children(flame->tree, id, &n);
    double whole = (double)weight_of(flame, id), scale = whole > 0 ? box->width / whole : 0;
    double x = box->x;
    struct mt_svg_folded thin = {0};
    for (size_t i = 0; i < n && !flame->failed; i++)
        place(flame, children[i], scale, box->level + 1, &x, &thin);
    if (thin.n && flame->draws && box->level + 1 < flame->limit)
        draw_thin(flame, &thin, &(struct box){x, (double)thin.value * scale, box->level + 1});
    if (thin.n && !flame->draws)
        flame->level_width[box->level + 1] += (double)thin.value * scale;
    flame->thin.n += thin.n;
    mt_saturate_add(&flame->thin.value, thin.value);
}

static void walk(struct mt_svg_flame *flame, uint32_t id, const struct box *box) {
    if (flame->draws)
        draw_frame(flame, id, box);
    else
        flame->level_width[box->level] += box->width;
    if (!flame->draws && id)
        count_area(flame, module_of(mt_tree_node(flame->tree, id)), box->width);
    walk_children(flame, id, box);
}

static bool walk_all(struct mt_svg_flame *flame, bool draws) {
    flame->draws = draws;
    flame->thin = flame->deep = (struct mt_svg_folded){0};
    if (!draws) {
        flame->n_modules = 0;
        memset(flame->level_width, 0, sizeof flame->level_width);
    }
    walk(flame, 0, &(struct box){flame->left, flame->width, 0});
    return !flame->failed;
}

/* A few narrow frames hundreds of levels deep would make the picture a tower: it ends with the last
 * level that has something to see. */
static unsigned levels_worth_drawing(const struct mt_svg_flame *flame) {
    unsigned level = MT_SVG_FLAME_LEVELS;
    while (level > 1 && flame->level_width[level - 1] < flame->width * LEAST_LEVEL)
        level--;
    return level;
}

bool mt_svg_flame_measure(struct mt_svg_flame *flame) {
    flame->root_value = mt_tree_node(flame->tree, 0)->value[flame->value];
    flame->is_signed = mt_rows_has_negative(flame->rows, flame->value);
    flame->limit = MT_SVG_FLAME_LEVELS;
    if (!walk_all(flame, false))
        return false;
    flame->limit = levels_worth_drawing(flame);
    if (!walk_all(flame, false))
        return false;
    make_legend(flame);
    return !flame->failed;
}

double mt_svg_flame_height(const struct mt_svg_flame *flame) {
    return flame->limit * ROW_HEIGHT;
}

bool mt_svg_flame_draw(struct mt_svg_flame *flame) {
    char ink[MT_SVG_STYLE_BYTES];
    fprintf(flame->out,
            "<g %s font-size=\"%.1f\" font-family=\"ui-monospace,SFMono-Regular,Menlo,Consolas,"
            "'DejaVu Sans Mono','Liberation Mono',monospace\">\n",
            mt_svg_style_fill(MT_SVG_INK, ink), FONT_SIZE);
    bool done = walk_all(flame, true);
    fputs("</g>\n", flame->out);
    return done;
}

void mt_svg_flame_free(struct mt_svg_flame *flame) {
    for (size_t i = 0; i < MT_SVG_FLAME_LEGEND; i++)
        free(flame->legend[i].label);
    free(flame->modules);
}
