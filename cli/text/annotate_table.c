/* SPDX-License-Identifier: MIT */
/*
 * Source lines with their figures:
 *
 *      PEAK             LIVE  SOURCE
 *   1.4 MiB  27.0%   1.4 MiB  io/reader.c
 *                                  … read_all
 *                              11 │     char *line;
 *   1.3 MiB  25.1%   1.3 MiB   12 │     while ((line = read_line(file)))
 *                              13 │         append(&lines, line);
 *                                  … 40 lines not shown, read_line
 *                              54 │     ssize_t n = getline(&text, &bytes, file);
 *   0.1 MiB   1.9%   0.1 MiB   55 │     return strndup(text, n);
 *
 * Columns are those of a report (table.c), and have figures where a line has some; a file's own
 * stand beside its name, and all lines that are not shown are summed at the end, so that every
 * column adds up to its total. A region begins with the function that its lines are in, and loses
 * the indentation that all of its lines have: on 80 columns, code that is four levels deep would
 * else not be there. The warmer the colour of a line, the larger its share.
 *
 * A file that is not here has figures and functions where its text would stand.
 */
#include "text/annotate_table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "text/newer.h"
#include "text/table-local.h"
#include "view/format/format.h"

enum { TAB_COLUMNS = 4, WIDE_ENOUGH_FOR_BARS = 100 };
enum {
    SOURCE_LEAST = 48 /* with the number of the line */,
    SCOPES_LEAST = 12,
    NUMBER_LEAST = 6,
    FILE_LEAST = 8
};

struct text { /* of a source file, by lines */
    const char *content;
    size_t bytes;
    size_t *begins; /* n_lines + 1 */
    size_t n_lines, capacity;
};

struct view {
    struct table table;
    const struct mt_annotate *annotate;
    const struct mt_annotate_table_options *options;
    struct text text; /* of the file at hand */
    size_t number_width;
    double rest_variance[MT_N_VALUES];
    bool *is_seen;      /* of each line with figures */
    size_t n_missing;   /* files that are not here */
    mt_string function; /* that was named last, of the file at hand */
};

/* ---- text ------------------------------------------------------------------------------------ */

static bool split_lines(struct text *text) {
    text->n_lines = 0;
    for (size_t at = 0; at < text->bytes; text->n_lines++) {
        if (!mt_array_reserve(&text->begins, &text->capacity, text->n_lines + 2,
                              sizeof *text->begins))
            return false;
        const char *newline = memchr(text->content + at, '\n', text->bytes - at);
        text->begins[text->n_lines] = at;
        at = newline ? (size_t)(newline + 1 - text->content) : text->bytes;
        text->begins[text->n_lines + 1] = at;
    }
    return true;
}

static void load_text(struct view *v, const struct mt_annotate_file *file) {
    const char *path = mt_profile_text(v->table.labels.profile, file->file);
    v->text.content = mt_source_text(v->table.source, path, &v->text.bytes);
    if (!v->text.content || !split_lines(&v->text))
        v->text.n_lines = 0;
    v->n_missing += !v->text.content;
}

/* Returns the line with blanks for tabs and without its end, malloc'ed; NULL: out of memory, or
 * there is no such line. */
static char *line_text(const struct text *text, int64_t number) {
    if (number < 1 || (uint64_t)number > text->n_lines)
        return NULL;
    const char *at = text->content + text->begins[number - 1],
               *end = text->content + text->begins[number];
    while (end > at && strchr("\n\r \t", end[-1]))
        end--;
    size_t columns = 0, bytes = (size_t)(end - at);
    char *line = malloc(bytes * TAB_COLUMNS + 1), *out = line;
    for (; line && at < end; at++) {
        if (*at != '\t') {
            *out++ = *at;
            columns += ((unsigned char)*at & 0xC0) != 0x80; /* where a character begins */
            continue;
        }
        do
            *out++ = ' ';
        while (++columns % TAB_COLUMNS);
    }
    if (line)
        *out = '\0';
    return line;
}

/* Returns the columns that all lines of the region are indented by. */
static size_t common_indentation(const struct text *text, const struct mt_annotate_region *region) {
    size_t least = SIZE_MAX;
    for (int64_t number = region->from;; number++) {
        char *line = line_text(text, number);
        size_t blanks = line ? strspn(line, " ") : 0;
        if (line && line[blanks] && blanks < least)
            least = blanks;
        free(line);
        if (number == region->to)
            break;
    }
    return least == SIZE_MAX ? 0 : least;
}

/* ---- lines ----------------------------------------------------------------------------------- */

static void put_blank(const struct view *v) {
    fprintf(v->table.terminal->stream, "%*s", (int)v->table.name_column, "");
}

/* Prints the number of the line and the bar behind it. Returns the columns. A number that leaves no
 * room is cut. */
static size_t put_number(const struct view *v, int64_t number) {
    const struct mt_terminal *terminal = v->table.terminal;
    if (v->number_width + NUMBER_LEAST > v->table.name_width) {
        char text[32];
        snprintf(text, sizeof text, "%" PRId64, number);
        char *shown = mt_format_shorten_end(text, v->table.name_width, terminal->ellipsis);
        mt_terminal_put(terminal, MT_STYLE_DIM, shown ? shown : "?");
        free(shown);
        return v->table.name_width;
    }
    fprintf(terminal->stream, "%s%*" PRId64 " %s%s", mt_terminal_style(terminal, MT_STYLE_DIM),
            (int)v->number_width, number, terminal->utf8 ? "│" : "|",
            mt_terminal_style(terminal, MT_STYLE_NONE));
    return v->number_width + 3;
}

/* What stands where the text of a line is not known: the function that it is in. */
static const char *instead_of_text(const struct view *v, const struct mt_row *row) {
    return row ? mt_profile_text(v->table.labels.profile, row->function) : "";
}

/* Prints the scopes in which the line allocated behind its text, where there is room. */
static void put_scopes(const struct view *v, const struct mt_annotate_line *line, size_t taken) {
    const struct table *t = &v->table;
    char text[512] = "";
    size_t bytes = 0;
    for (size_t i = 0; i < line->n_scopes && bytes < sizeof text; i++)
        bytes += (size_t)snprintf(
            text + bytes, sizeof text - bytes, "%s%s", i ? ", " : "",
            mt_profile_text(t->labels.profile, v->annotate->scopes[line->first_scope + i]));
    if (!*text || taken + SCOPES_LEAST > t->name_width)
        return;
    char *shown = mt_label_fit(&t->labels, text, t->name_width - taken - 4, mt_format_shorten_end);
    fprintf(t->terminal->stream, "  %s[", mt_terminal_style(t->terminal, MT_STYLE_DIM));
    mt_terminal_put(t->terminal, MT_STYLE_NONE, shown ? shown : "?");
    fprintf(t->terminal->stream, "]%s", mt_terminal_style(t->terminal, MT_STYLE_NONE));
    free(shown);
}

static void put_line(const struct view *v, int64_t number, const struct mt_annotate_line *figures,
                     size_t indentation) {
    const struct table *t = &v->table;
    const struct mt_row *row = figures ? figures->row : NULL;
    char *line = line_text(&v->text, number);
    const char *text = line ? line + (strlen(line) > indentation ? indentation : strlen(line))
                            : instead_of_text(v, row);
    enum mt_terminal_style style =
        !row || !line ? MT_STYLE_DIM : mt_table_heat(&v->table, row, MT_STYLE_SOURCE);
    if (row)
        mt_table_put_numbers(t, row, false);
    else
        put_blank(v);
    size_t taken = put_number(v, number);
    if (taken == t->name_width)
        text = "";
    char *shown = mt_label_fit(&t->labels, text, t->name_width > taken ? t->name_width - taken : 1,
                               line ? mt_format_shorten_end : mt_format_shorten_function);
    if (!shown || *shown)
        fputc(' ', t->terminal->stream);
    mt_terminal_put(t->terminal, style, shown ? shown : "?");
    if (figures)
        put_scopes(v, figures, taken + (shown ? mt_format_width(shown) : 0));
    fputc('\n', t->terminal->stream);
    free(shown);
    free(line);
}

static void put_lines(const struct view *v, const struct mt_annotate_region *region) {
    size_t indentation = common_indentation(&v->text, region), line = region->first;
    for (int64_t number = region->from;; number++) {
        bool has_figures =
            line < region->first + region->n && v->annotate->lines[line].line == number;
        if (has_figures)
            v->is_seen[line] = true;
        put_line(v, number, has_figures ? &v->annotate->lines[line] : NULL, indentation);
        line += has_figures;
        if (number == region->to)
            break;
    }
}

/* ---- regions --------------------------------------------------------------------------------- */

/* Returns the function of the region's first line with figures, when it has not just been named. */
static const char *new_function(struct view *v, const struct mt_annotate_region *region) {
    const struct mt_annotate_line *line = &v->annotate->lines[region->first];
    mt_string function = region->n ? line->row->function : 0;
    bool was_named = function == v->function;
    v->function = function;
    if (!function || was_named || (line->function_line && line->function_line >= region->from))
        return ""; /* which is seen */
    return mt_profile_text(v->table.labels.profile, function);
}

/* Prints what is between two regions, and which function follows. */
static void put_gap(struct view *v, const struct mt_annotate_region *region, int64_t n_between) {
    const struct table *t = &v->table;
    const char *function = v->text.content ? new_function(v, region) : "";
    char between[64] = "", count[MT_FORMAT_BYTES];
    if (n_between > 0 && v->text.content)
        snprintf(between, sizeof between, "%s line%s not shown%s",
                 mt_format_count(count, n_between), n_between == 1 ? "" : "s",
                 *function ? ", " : "");
    if (!*between && !*function)
        return;
    char *text, *shown;
    if (asprintf(&text, "%s%s", between, function) < 0)
        return;
    size_t taken = v->number_width + 1 + mt_format_width(t->terminal->ellipsis) + 1;
    shown = mt_label_fit(&t->labels, text, t->name_width > taken ? t->name_width - taken : 1,
                         *between ? mt_format_shorten_end : mt_format_shorten_function);
    put_blank(v);
    fprintf(t->terminal->stream, "%*s%s%s ", (int)v->number_width + 1, "",
            mt_terminal_style(t->terminal, MT_STYLE_DIM), t->terminal->ellipsis);
    mt_terminal_put(t->terminal, MT_STYLE_NONE, shown ? shown : "");
    fprintf(t->terminal->stream, "%s\n", mt_terminal_style(t->terminal, MT_STYLE_NONE));
    free(shown);
    free(text);
}

static void put_nothing(const struct view *v, const struct mt_annotate_file *file) {
    const char *none = file->n_ranges ? "None of these lines" : "No line of it";
    char text[160];
    if (mt_rows_options(v->table.rows)->cumulative)
        snprintf(text, sizeof text, "%s is on a call path that passed the filters.", none);
    else
        snprintf(text, sizeof text,
                 "%s allocated anything itself. --cumulative counts what lines called.", none);
    put_blank(v);
    mt_terminal_put_wrapped(v->table.terminal, v->table.name_column, MT_STYLE_DIM, text);
    fputc('\n', v->table.terminal->stream);
}

static void put_regions(struct view *v, const struct mt_annotate_file *file,
                        const struct mt_annotate_region *regions, size_t n) {
    v->function = 0;
    for (size_t i = 0; i < n; i++) {
        put_gap(v, &regions[i], i ? regions[i].from - regions[i - 1].to - 1 : 0);
        put_lines(v, &regions[i]);
    }
    if (file->n_lines == 0)
        put_nothing(v, file);
}

/* ---- files ----------------------------------------------------------------------------------- */

static size_t digits(int64_t number) {
    char text[32];
    return (size_t)snprintf(text, sizeof text, "%" PRId64, number);
}

/* Says of the text beside it what is not as it seems. Returns "" when nothing is. */
static const char *mark_of(const struct view *v, const struct mt_annotate_file *file) {
    const struct mt_profile *profile = v->table.labels.profile;
    if (!v->text.content)
        return " [not found]";
    bool is_newer = mt_newer_is(profile, v->table.source, file->file, file->module);
    return is_newer ? MT_NEWER_MARK : "";
}

static void put_file(const struct view *v, const struct mt_annotate_file *file) {
    const struct table *t = &v->table;
    const char *mark = mark_of(v, file),
               *path =
                   mt_label_relative(&t->labels, mt_profile_text(t->labels.profile, file->file));
    *t->n_newer += strcmp(mark, MT_NEWER_MARK) == 0;
    if (strlen(mark) + FILE_LEAST > t->name_width)
        mark = "";
    char *name =
        mt_label_fit(&t->labels, path, t->name_width - strlen(mark), mt_format_shorten_path);
    if (file->n_ranges && mt_rows_options(t->rows)->cumulative)
        put_blank(v); /* of the whole file, which is not what was asked about */
    else
        mt_table_put_numbers(t, &file->sum, true);
    mt_terminal_put(t->terminal, MT_STYLE_BOLD, name ? name : "?");
    mt_terminal_put(t->terminal, MT_STYLE_WARN, mark);
    fputc('\n', t->terminal->stream);
    free(name);
}

static bool put_listing(struct view *v, const struct mt_annotate_file *file) {
    struct mt_annotate_region *regions;
    size_t n;
    load_text(v, file);
    int64_t n_text = (int64_t)v->text.n_lines;
    if (mt_annotate_regions(v->annotate, file, n_text, v->text.content ? v->options->around : 0,
                            &regions, &n) < 0)
        return false;
    v->number_width = n ? digits(regions[n - 1].to) : 1;
    put_file(v, file);
    put_regions(v, file, regions, n);
    free(regions);
    return true;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static void put_sums(const struct view *v) {
    const struct table *t = &v->table;
    bool is_cumulative = mt_rows_options(t->rows)->cumulative;
    char text[96], count[MT_FORMAT_BYTES];
    struct mt_row rest;
    double variance[MT_N_VALUES];
    size_t n = mt_annotate_rest(v->annotate, v->is_seen, &rest, variance);
    snprintf(text, sizeof text, "%s %s more line%s", t->terminal->ellipsis,
             mt_format_count(count, (int64_t)n), n == 1 ? "" : "s");
    size_t bare = v->annotate->n_without_line;
    if (bare)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s without a source",
                 bare < n ? ", " : "", bare < n ? mt_format_count(count, (int64_t)bare) : "");
    if (n && is_cumulative)
        put_blank(v);
    else if (n)
        mt_table_put_numbers(t, &rest, true);
    if (n) {
        mt_terminal_put_fitting(t->terminal, t->name_column, MT_STYLE_DIM, text);
        fputc('\n', t->terminal->stream);
    }
    if (mt_rows_is_filtered(t->rows)) {
        mt_table_put_numbers(t, &t->filtered_out, true);
        mt_terminal_put(t->terminal, MT_STYLE_DIM, "filtered out");
        fputc('\n', t->terminal->stream);
    }
    mt_table_put_numbers(t, mt_rows_all(t->rows), true);
    mt_terminal_put(t->terminal, MT_STYLE_BOLD, "total");
    if (is_cumulative)
        mt_terminal_put_fitting(t->terminal, t->name_column + strlen("total"), MT_STYLE_DIM,
                                " (cumulative lines overlap)");
    fputc('\n', t->terminal->stream);
}

/* Returns the figures of the files and of the rest, of which columns take their widths; NULL when
 * out of memory, and then they are not straight. */
static struct mt_row *collect_sums(struct view *v) {
    struct mt_row *sums = calloc(v->annotate->n_files + 1, sizeof *sums);
    for (size_t i = 0; sums && i < v->annotate->n_files; i++)
        sums[i + 1] = v->annotate->files[i].sum;
    if (sums)
        mt_annotate_rest(v->annotate, NULL, &sums[0], v->rest_variance);
    return sums;
}

static void put_footnotes(const struct view *v) {
    const struct mt_terminal *terminal = v->table.terminal;
    mt_newer_put_note(terminal, *v->table.n_newer);
    if (v->n_missing) {
        fputc(' ', terminal->stream);
        mt_terminal_put_wrapped(terminal, 1, MT_STYLE_DIM,
                                "[not found] on this machine: --source-path DIR looks for sources "
                                "in DIR, and --sysroot DIR below it");
        fputc('\n', terminal->stream);
    }
}

static void put_files(struct view *v) {
    bool done = v->is_seen != NULL;
    for (size_t i = 0; i < v->annotate->n_files && done; i++) {
        const struct mt_annotate_file *file = &v->annotate->files[i];
        if (file->n_shown || file->n_ranges || file->n_lines == 0)
            done = put_listing(v, file);
    }
    if (!done)
        mt_terminal_put(v->table.terminal, MT_STYLE_WARN, " (out of memory: lines are missing)\n");
}

void mt_annotate_table_print(const struct mt_terminal *terminal, const struct mt_annotate *annotate,
                             struct mt_source *source,
                             const struct mt_annotate_table_options *options) {
    size_t n_newer = 0;
    struct table_stack above = {0};
    struct view v = {.table = {.terminal = terminal,
                               .rows = annotate->rows,
                               .options = &options->table,
                               .above = &above,
                               .n_newer = &n_newer,
                               .name_least = SOURCE_LEAST,
                               .has_heat = true,
                               .has_no_bar = terminal->width < WIDE_ENOUGH_FOR_BARS,
                               .name_heading = "SOURCE"},
                     .annotate = annotate,
                     .options = options};
    mt_table_prepare(&v.table);
    mt_source_free(v.table.source); /* of places of its own */
    v.table.source = source;
    struct mt_row *sums = NULL;
    if (!mt_table_put_nothing(&v.table)) {
        sums = collect_sums(&v);
        v.table.sums = sums;
        v.table.n_sums = sums ? annotate->n_files + 1 : 0;
        mt_table_lay_out(&v.table);
        mt_table_label_put_notes(&v.table);
        mt_table_put_heading(&v.table);
        v.is_seen = calloc(annotate->n_lines + 1, sizeof *v.is_seen);
        put_files(&v);
        put_sums(&v);
        put_footnotes(&v);
    }
    free(v.text.begins);
    free(v.is_seen);
    free(sums);
    v.table.source = NULL;
    mt_table_label_free(&v.table);
}
