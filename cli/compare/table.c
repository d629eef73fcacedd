/* SPDX-License-Identifier: MIT */
/*
 * Medians, and below them the lowest and the highest where these differ:
 *
 *                        1             2          2 - 1
 *  peak           4.2 KiB       4.9 KiB       +704 B   +16.4%  more
 */
#include "compare/table.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "view/format/format.h"

enum { LABEL = 10, FIGURE = 14, DIFFERENCE = 15, PERCENT = 9 };

/* "45.2 MiB", "1,234", "1.83 s". */
static char *format(char text[MT_FORMAT_BYTES], enum mt_measure measure, double value) {
    const char *unit = mt_measure_unit(measure);
    if (strcmp(unit, "ns") == 0)
        return mt_format_duration(text, (uint64_t)llround(value));
    return strcmp(unit, "bytes") == 0 ? mt_format_size(text, llround(value), false)
                                      : mt_format_count(text, llround(value));
}

static char *format_difference(char text[MT_FORMAT_BYTES + 1], enum mt_measure measure,
                               double value) {
    text[0] = value < 0 ? '-' : '+';
    format(text + (value == 0 ? 0 : 1), measure, fabs(value));
    return text;
}

static const char *format_percent(char text[MT_FORMAT_BYTES], const struct mt_compared *compared) {
    double median = compared->range[0].median, difference = compared->shift.estimate;
    if (!(median > 0) || difference == 0)
        return "";
    return mt_format_change(text, difference / median);
}

static const char *verdict_of(const struct mt_comparison *comparison,
                              const struct mt_compared *compared) {
    static const char *const words[] = {"the same", "less", "more", "within the spread"};
    if (comparison->n_runs == 1 && compared->verdict != MT_SHIFT_SAME)
        return "spread unknown";
    return words[compared->verdict];
}

static void print_line(const struct mt_terminal *terminal, enum mt_terminal_style style,
                       const char *label, const char *const columns[3]) {
    fprintf(terminal->stream, "%s %-*s%*s%*s%*s%s", mt_terminal_style(terminal, style), LABEL,
            label, FIGURE, columns[0], FIGURE, columns[1], DIFFERENCE, columns[2],
            mt_terminal_style(terminal, MT_STYLE_NONE));
}

static void print_bounds(const struct mt_terminal *terminal, enum mt_measure measure,
                         const struct mt_compared *of) {
    char first[MT_FORMAT_BYTES], second[MT_FORMAT_BYTES], difference[MT_FORMAT_BYTES + 1];
    const struct mt_range *one = &of->range[0], *other = &of->range[1];
    if (one->min == one->max && other->min == other->max)
        return;
    const char *lowest[] = {format(first, measure, one->min), format(second, measure, other->min),
                            format_difference(difference, measure, of->shift.low)};
    print_line(terminal, MT_STYLE_DIM, "  lowest", lowest);
    fputc('\n', terminal->stream);
    const char *highest[] = {format(first, measure, one->max), format(second, measure, other->max),
                             format_difference(difference, measure, of->shift.high)};
    print_line(terminal, MT_STYLE_DIM, "  highest", highest);
    fputc('\n', terminal->stream);
}

static void print_measure(const struct mt_terminal *terminal,
                          const struct mt_comparison *comparison, enum mt_measure measure) {
    char first[MT_FORMAT_BYTES], second[MT_FORMAT_BYTES], difference[MT_FORMAT_BYTES + 1],
        percent[MT_FORMAT_BYTES];
    const struct mt_compared *of = &comparison->of[measure];
    if (!of->known)
        return;
    const char *columns[] = {format(first, measure, of->range[0].median),
                             format(second, measure, of->range[1].median),
                             format_difference(difference, measure, of->shift.estimate)};
    print_line(terminal, MT_STYLE_NONE, mt_measure_label(measure), columns);
    fprintf(terminal->stream, "%*s", PERCENT, format_percent(percent, of));
    bool differs = of->verdict == MT_SHIFT_LESS || of->verdict == MT_SHIFT_MORE;
    fputs("  ", terminal->stream);
    mt_terminal_put(terminal, differs ? MT_STYLE_BOLD : MT_STYLE_DIM, verdict_of(comparison, of));
    fputc('\n', terminal->stream);
    print_bounds(terminal, measure, of);
}

static void print_command(const struct mt_terminal *terminal, int number, char *const *command) {
    fprintf(terminal->stream, " %d ", number);
    for (; *command; command++) {
        fputc(' ', terminal->stream);
        mt_terminal_put(terminal, MT_STYLE_BOLD, *command);
    }
    fputc('\n', terminal->stream);
}

/* Said once, as it is the same for every row. */
static void print_meaning(const struct mt_terminal *terminal,
                          const struct mt_comparison *comparison) {
    char text[256];
    double confidence = comparison->of[MT_MEASURE_PEAK].shift.confidence;
    if (comparison->n_runs == 1)
        snprintf(text, sizeof text,
                 "One run of each does not show the spread: -r N runs them more often.");
    else
        snprintf(text, sizeof text,
                 "Medians of %zu runs each, in turns. With %.0f%% confidence the difference lies "
                 "between its lowest and highest. Within the spread: no difference shown.%s",
                 comparison->n_runs, floor(confidence * 100),
                 confidence < 0.9 ? " So few runs prove little: -r N runs them more often." : "");
    fputs("\n ", terminal->stream);
    mt_terminal_put_wrapped(terminal, 1, MT_STYLE_DIM, text);
    fputc('\n', terminal->stream);
}

void mt_compare_table_print(char *const *const commands[2], const struct mt_comparison *comparison,
                            enum mt_terminal_color color) {
    static const char *const heads[] = {"1", "2", "2 - 1"};
    struct mt_terminal terminal;
    mt_terminal_init(&terminal, stdout, color);
    print_command(&terminal, 1, commands[0]);
    print_command(&terminal, 2, commands[1]);
    fputc('\n', stdout);
    print_line(&terminal, MT_STYLE_BOLD, "", heads);
    fputc('\n', stdout);
    for (enum mt_measure measure = 0; measure < MT_N_MEASURES; measure++)
        print_measure(&terminal, comparison, measure);
    print_meaning(&terminal, comparison);
}
