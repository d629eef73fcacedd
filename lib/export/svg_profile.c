/* SPDX-License-Identifier: MIT */
/*
 * A flame graph as an SVG that stands alone in a README, a wiki or a comment: no script, no font,
 * no other file. The root is on top, and a frame hangs below its caller, as wide as what the calls
 * through it hold.
 *
 *   title                                     program, figure and moment
 *   subtitle, legend                          what a width is, a colour for each module
 *   ┌────────────────────── all ───────────────────────┐
 *   │ main                                             │
 *   │ parse                    │ read                  │    svg_flame.c
 *   └──────────────────────────┴───────────────────────┘
 *   footer                                    what is not drawn, and how much it is
 *
 * The picture is laid out twice, by the same walk over the tree: once to learn its height, its
 * modules and what is left out, and once to draw.
 */
#include <stdlib.h>
#include <string.h>

#include "export/export-local.h"
#include "export/svg-local.h"
#include "export/svg_flame.h"
#include "export/xml-local.h"
#include "view/summary/summary.h"

enum {
    WIDTH = 1200,
    MARGIN = 16,
    TITLE_BASELINE = 28,
    SUBTITLE_BASELINE = 48,
    LEGEND_BASELINE = 72,
    LEGEND_BOX = 11,
    FOOTER_ROW = 17,
    NAME_COLUMNS = 90,
    WARNING_COLUMNS = 170,
};

/* ---- words ----------------------------------------------------------------------------------- */

/* Writes what the column is called behind a figure: "at the peak", "live at exit". */
static void put_column(FILE *out, const struct mt_rows *rows, enum mt_value value) {
    char moment[MT_FORMAT_BYTES + 16];
    const char *what = mt_summary_moment(rows, moment);
    static const char *const words[MT_N_VALUES] = {
        [MT_VALUE_PEAK_BYTES] = "at the peak",
        [MT_VALUE_PEAK_BLOCKS] = "at the peak",
        [MT_VALUE_TOTAL_BYTES] = "allocated in total",
        [MT_VALUE_TOTAL_BLOCKS] = "allocated in total",
        [MT_VALUE_TEMPORARY_BLOCKS] = "that were temporary",
        [MT_VALUE_MAX_BYTES] = "at each call path's own peak",
        [MT_VALUE_WASTE_BYTES] = "beyond what was asked for",
    };
    if (words[value])
        fputs(words[value], out);
    else if (mt_rows_has_negative(rows, value))
        fputs("live", out); /* each side at a moment of its own */
    else
        fprintf(out, "live %s", what);
}

/* "12.3 MiB", "1,234 blocks" */
static void put_figure(const struct mt_svg_flame *flame, int64_t figure) {
    char text[MT_FORMAT_BYTES];
    const char *about = mt_rows_profile(flame->rows)->info.sample_bytes ? "about " : "";
    fprintf(flame->out, "%s%s", about, mt_svg_flame_signed(flame, figure, text));
}

/* A profile of another tool may not know its program: then the first mapping is it, by custom. */
static const char *program_of(const struct mt_profile *profile) {
    const char *name = basename(mt_profile_text(profile, profile->info.exe));
    if (!*name && profile->n_mappings)
        name = basename(mt_profile_text(profile, profile->mappings[0].path));
    return name;
}

static bool put_title_text(const struct mt_svg_flame *flame) {
    const struct mt_rows *rows = flame->rows;
    const char *name = program_of(mt_rows_profile(rows));
    char *escaped = mt_xml_escape_shortened(*name ? name : "memory", NAME_COLUMNS);
    if (!escaped)
        return false;
    fprintf(flame->out, flame->is_signed ? "%s, what changed: " : "%s: ", escaped);
    put_figure(flame, flame->root_value);
    fputc(' ', flame->out);
    put_column(flame->out, rows, flame->value);
    free(escaped);
    return true;
}

static void put_subtitle(const struct mt_svg_flame *flame) {
    char count[MT_FORMAT_BYTES], style[MT_SVG_STYLE_BYTES];
    size_t n = mt_rows_count(flame->rows);
    fprintf(flame->out, "<text %s x=\"%d\" y=\"%d\">A frame is as wide as %s · %s call path%s",
            mt_svg_style_fill(MT_SVG_DIM, style), MARGIN, SUBTITLE_BASELINE,
            flame->is_signed ? "what changed in it and in the calls below it, up or down"
                             : "what it and the calls below it allocated",
            mt_format_count(count, (int64_t)n), n == 1 ? "" : "s");
    if (mt_rows_is_filtered(flame->rows)) {
        fputs(" · filtered: ", flame->out);
        mt_svg_flame_put_share(flame, flame->root_value);
        fputs(" of all", flame->out);
    }
    fputs("</text>\n", flame->out);
}

/* ---- legend ---------------------------------------------------------------------------------- */

/* Returns how many rows it takes, and draws it when asked to. */
static unsigned legend(const struct mt_svg_flame *flame, bool draw) {
    double x = MARGIN;
    unsigned row = 0;
    char box[MT_SVG_STYLE_BYTES], ink[MT_SVG_STYLE_BYTES];
    mt_svg_style_fill(MT_SVG_INK, ink);
    for (size_t m = 0; m < flame->n_legend; m++) {
        const char *label = flame->legend[m].label;
        double width = LEGEND_BOX + 22 + MT_SVG_CHARACTER * (double)mt_format_width(label);
        if (x > MARGIN && x + width > WIDTH - MARGIN) {
            x = MARGIN;
            row++;
        }
        double y = LEGEND_BASELINE + row * MT_SVG_LEGEND_ROW;
        if (draw)
            fprintf(flame->out,
                    "<rect %s x=\"%.1f\" y=\"%.1f\" width=\"%d\" height=\"%d\" rx=\"2\"/>"
                    "<text %s x=\"%.1f\" y=\"%.1f\">%s</text>\n",
                    mt_svg_style_frame(flame->legend[m].hue, 1, box), x, y - LEGEND_BOX + 1,
                    LEGEND_BOX, LEGEND_BOX, ink, x + LEGEND_BOX + 5, y, label);
        x += width;
    }
    return flame->n_legend ? row + 1 : 0;
}

/* ---- footer ---------------------------------------------------------------------------------- */

enum footer { FOOTER_THIN, FOOTER_DEEP, N_FOOTERS };

static const struct mt_svg_folded *folded_of(const struct mt_svg_flame *flame, enum footer which) {
    return which == FOOTER_THIN ? &flame->thin : &flame->deep;
}

static unsigned footer_rows(const struct mt_svg_flame *flame) {
    unsigned rows = 0;
    for (enum footer f = 0; f < N_FOOTERS; f++)
        rows += folded_of(flame, f)->n != 0;
    return rows;
}

/* What has to be known before figures are believed: "1,234 events could not be recorded". Returns
 * how many lines that takes, and writes them from y on when asked to. */
static unsigned warnings(const struct mt_svg_flame *flame, const struct mt_summary *lines, double y,
                         bool draw) {
    char style[MT_SVG_STYLE_BYTES];
    unsigned n = 0;
    for (size_t i = 0; i < lines->n; i++) {
        if (!lines->items[i].is_warning)
            continue;
        char *text =
            draw ? mt_format_shorten_end(lines->items[i].text, WARNING_COLUMNS, "…") : NULL;
        if (text) {
            fprintf(flame->out, "<text %s x=\"%d\" y=\"%.1f\" font-size=\"11\">",
                    mt_svg_style_fill(MT_SVG_MARK, style), MARGIN, y + n * FOOTER_ROW);
            mt_xml_put(flame->out, text);
            fputs("</text>\n", flame->out);
        }
        free(text);
        n++;
    }
    return n;
}

static void put_footer(const struct mt_svg_flame *flame, double y) {
    static const char *const words[N_FOOTERS] = {"narrower than a pixel", "below the last level"};
    char count[MT_FORMAT_BYTES], figure[MT_FORMAT_BYTES], style[MT_SVG_STYLE_BYTES];
    for (enum footer f = 0; f < N_FOOTERS; f++) {
        const struct mt_svg_folded *folded = folded_of(flame, f);
        if (!folded->n)
            continue;
        fprintf(flame->out,
                "<text %s x=\"%d\" y=\"%.1f\" font-size=\"11\">Not drawn: %s branch%s %s, %s",
                mt_svg_style_fill(MT_SVG_DIM, style), MARGIN, y,
                mt_format_count(count, (int64_t)folded->n), folded->n == 1 ? "" : "es", words[f],
                mt_svg_flame_figure(flame->value, folded->value, figure));
        if (!flame->is_signed) {
            fputs(" (", flame->out);
            mt_svg_flame_put_share(flame, folded->value);
            fputc(')', flame->out);
        }
        fputs("</text>\n", flame->out);
        y += FOOTER_ROW;
    }
}

/* ---- the page -------------------------------------------------------------------------------- */

static bool draw(struct mt_svg_flame *flame, const struct mt_summary *coverage) {
    unsigned legend_rows = legend(flame, false), folds = footer_rows(flame),
             notes = folds + warnings(flame, coverage, 0, false);
    char paper[MT_SVG_STYLE_BYTES], ink[MT_SVG_STYLE_BYTES];
    flame->top = LEGEND_BASELINE + MT_SVG_LEGEND_ROW * legend_rows - 10.0;
    double end = flame->top + mt_svg_flame_height(flame);
    unsigned height = (unsigned)(end + 14 + FOOTER_ROW * notes + (notes ? 8 : 0));
    fprintf(flame->out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%u\" "
            "viewBox=\"0 0 %d %u\" role=\"img\" font-size=\"12\" "
            "font-family=\"system-ui,-apple-system,'Segoe UI','DejaVu Sans',sans-serif\" "
            "aria-label=\"",
            WIDTH, height, WIDTH, height);
    bool done = put_title_text(flame);
    fputs("\">\n", flame->out);
    mt_svg_style(flame->out);
    mt_svg_style_frames(flame->out);
    if (flame->is_signed)
        mt_svg_style_changes(flame->out);
    fprintf(flame->out,
            "<rect %s width=\"100%%\" height=\"100%%\"/>\n"
            "<text %s font-size=\"16\" font-weight=\"600\" x=\"%d\" y=\"%d\">",
            mt_svg_style_fill(MT_SVG_PAPER, paper), mt_svg_style_fill(MT_SVG_INK, ink), MARGIN,
            TITLE_BASELINE);
    done = done && put_title_text(flame);
    fputs("</text>\n", flame->out);
    put_subtitle(flame);
    legend(flame, true);
    done = done && mt_svg_flame_draw(flame);
    put_footer(flame, end + 24);
    warnings(flame, coverage, end + 24 + folds * FOOTER_ROW, true);
    fputs("</svg>\n", flame->out);
    return done;
}

int mt_svg_profile(FILE *stream, const struct mt_export *thing, struct mt_error *error) {
    const struct mt_rows *rows = thing->profile.rows;
    const struct mt_tree_options options = {.by = MT_BY_FUNCTION,
                                            .sort = mt_export_profile_column(&thing->profile)};
    struct mt_tree *tree = NULL;
    if (mt_export_profile_rows(&thing->profile) < mt_rows_count(rows))
        return mt_error_set(error, MEMTRACK_EUSAGE, "Leave out -n, or choose with --include.",
                            "a flame graph is of all call paths");
    int status = mt_tree_build(rows, &options, &tree, error);
    if (status != 0)
        return status;
    struct mt_svg_flame flame = {.out = stream,
                                 .tree = tree,
                                 .rows = rows,
                                 .value = options.sort,
                                 .left = MARGIN,
                                 .width = WIDTH - 2 * MARGIN};
    const struct mt_summary_format format = {.utf8 = true};
    struct mt_summary coverage = {0};
    mt_summary_coverage(rows, &format, &coverage);
    bool done = !coverage.failed && mt_svg_flame_measure(&flame) && draw(&flame, &coverage);
    mt_summary_free(&coverage);
    mt_svg_flame_free(&flame);
    mt_tree_free(tree);
    if (!done)
        return mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory while drawing the SVG");
    return ferror(stream) ? mt_error_set(error, MEMTRACK_EIO, "", "cannot write the SVG: %m") : 0;
}
