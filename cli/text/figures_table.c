/* SPDX-License-Identifier: MIT */
/*
 * Two tables below that of scopes:
 *
 *       HITS   MISSES   RATE  HIT P50  HIT MAX  MISS P50  MISS MAX      SIZE  CACHE
 *      1,000      250  80.0%   310 ns     2 us     41 us    1.2 ms   4.0 MiB  pages
 *
 *      VALUE   LOWEST  HIGHEST  CHANGES  COUNTER
 *     80,000        1   80,000  160,000  requests
 *
 * A column is as wide as its widest number. Those that a narrow terminal has no room for are left
 * out, the last ones first.
 */
#include "text/figures_table.h"

#include <stdlib.h>
#include <string.h>

#include "base/saturate.h"
#include "ledger/own.h"
#include "view/format/format.h"
#include "view/scopes/caches.h"

enum { GAP = 2, INDENT = 1, NAME_LEAST = 16, CELL = MT_FORMAT_BYTES, MOST_COLUMNS = 8 };

struct grid {
    const char *const *titles; /* n_columns, and that of the names */
    size_t n_columns, n_rows;
    char (*cells)[MOST_COLUMNS][CELL];
    const char **names;
    size_t width[MOST_COLUMNS];
};

static bool make_grid(struct grid *grid, size_t n_rows) {
    grid->cells = calloc(n_rows + 1, sizeof *grid->cells);
    grid->names = calloc(n_rows + 1, sizeof *grid->names);
    return grid->cells && grid->names;
}

static void measure(struct grid *grid) {
    for (size_t c = 0; c < grid->n_columns; c++) {
        grid->width[c] = strlen(grid->titles[c]);
        for (size_t r = 0; r < grid->n_rows; r++) {
            size_t width = mt_format_width(grid->cells[r][c]);
            grid->width[c] = width > grid->width[c] ? width : grid->width[c];
        }
    }
}

/* Returns how many columns leave room for a name; *taken is what they take. */
static size_t fitting_columns(const struct grid *grid, size_t width, size_t *taken) {
    size_t n = 0;
    *taken = INDENT;
    while (n < grid->n_columns && *taken + grid->width[n] + GAP + NAME_LEAST <= width)
        *taken += grid->width[n++] + GAP;
    return n;
}

static void put_cell(const struct mt_terminal *terminal, enum mt_terminal_style style, size_t width,
                     const char *text) {
    fprintf(terminal->stream, "%*s", (int)(width - mt_format_width(text)), "");
    mt_terminal_put(terminal, style, text);
    fprintf(terminal->stream, "%*s", GAP, "");
}

static void put_name(const struct mt_terminal *terminal, const char *name, size_t room, bool full) {
    char *visible = mt_format_visible(name, terminal->utf8);
    char *fitting =
        visible && !full ? mt_format_shorten_end(visible, room, terminal->ellipsis) : NULL;
    const char *shown = fitting ? fitting : visible ? visible : "";
    mt_terminal_put(terminal, MT_STYLE_BOLD, shown);
    fputc('\n', terminal->stream);
    free(visible);
    free(fitting);
}

/* *is_first: nothing stands above, from which a blank line would keep the table apart. */
static void print_grid(const struct mt_terminal *terminal, struct grid *grid, size_t n_all,
                       bool full, bool *is_first) {
    size_t taken, n;
    char more[CELL];
    measure(grid);
    n = fitting_columns(grid, terminal->width, &taken);
    fprintf(terminal->stream, "%s%*s", *is_first ? "" : "\n", INDENT, "");
    *is_first = false;
    for (size_t c = 0; c < n; c++)
        put_cell(terminal, MT_STYLE_DIM, grid->width[c], grid->titles[c]);
    mt_terminal_put(terminal, MT_STYLE_DIM, grid->titles[grid->n_columns]);
    fputc('\n', terminal->stream);
    for (size_t r = 0; r < grid->n_rows; r++) {
        fprintf(terminal->stream, "%*s", INDENT, "");
        for (size_t c = 0; c < n; c++)
            put_cell(terminal, MT_STYLE_NONE, grid->width[c], grid->cells[r][c]);
        put_name(terminal, grid->names[r],
                 terminal->width > taken + NAME_LEAST ? terminal->width - taken : NAME_LEAST, full);
    }
    if (n_all > grid->n_rows)
        fprintf(terminal->stream, "%*s%s %s more\n", INDENT, "", terminal->ellipsis,
                mt_format_count(more, (int64_t)(n_all - grid->n_rows)));
}

static void free_grid(struct grid *grid) {
    free(grid->cells);
    free(grid->names);
}

/* ---- caches ---------------------------------------------------------------------------------- */

static void format_time(char *cell, uint64_t count, int64_t ns) {
    if (count)
        mt_format_duration(cell, ns > 0 ? (uint64_t)ns : 0);
}

static void fill_cache(char cells[MOST_COLUMNS][CELL], const struct mt_cache_row *row, bool exact) {
    mt_format_count(cells[0], mt_saturate_signed(row->hits));
    mt_format_count(cells[1], mt_saturate_signed(row->misses));
    if (row->hits || row->misses)
        snprintf(cells[2], CELL, "%.1f%%", 100 * mt_caches_hit_rate(row));
    if (row->has_size)
        mt_format_size(cells[3], row->size_bytes, exact);
    format_time(cells[4], row->hits, row->hit_ns.p50);
    format_time(cells[5], row->misses, row->miss_ns.p50);
    format_time(cells[6], row->hits, row->hit_ns.p95);
    format_time(cells[7], row->misses, row->miss_ns.p95);
}

static void print_caches(const struct mt_terminal *terminal, const struct mt_scopes_rows *rows,
                         const struct mt_scopes_table_options *options, bool *is_first) {
    static const char *const titles[] = {"HITS",     "MISSES",  "RATE",     "SIZE", "HIT P50",
                                         "MISS P50", "HIT P95", "MISS P95", "CACHE"};
    struct mt_cache_row *caches = NULL;
    int64_t n = mt_caches_build(rows, &caches);
    struct grid grid = {.titles = titles, .n_columns = MOST_COLUMNS};
    size_t n_all = n > 0 ? (size_t)n : 0;
    if (n_all && make_grid(&grid, n_all)) {
        for (; grid.n_rows < n_all && (options->n == 0 || grid.n_rows < options->n);
             grid.n_rows++) {
            fill_cache(grid.cells[grid.n_rows], &caches[grid.n_rows], options->exact_bytes);
            grid.names[grid.n_rows] = mt_profile_text(rows->profile, caches[grid.n_rows].name);
        }
        print_grid(terminal, &grid, n_all, options->full, is_first);
    }
    free_grid(&grid);
    free(caches);
}

/* ---- counters -------------------------------------------------------------------------------- */

static void fill_counter(char cells[MOST_COLUMNS][CELL], const struct mt_scope_tally *tally) {
    mt_format_count(cells[0], tally->value);
    mt_format_count(cells[1], tally->lowest);
    mt_format_count(cells[2], tally->highest);
    mt_format_count(cells[3], mt_saturate_signed(tally->changes));
}

static void print_counters(const struct mt_terminal *terminal, const struct mt_scopes_rows *rows,
                           const struct mt_scopes_table_options *options, bool *is_first) {
    static const char *const titles[] = {"VALUE", "LOWEST", "HIGHEST", "CHANGES", "COUNTER"};
    const struct mt_scopes *scopes = &rows->profile->info.scopes;
    struct grid grid = {.titles = titles, .n_columns = 4};
    size_t n_all = 0;
    bool made = scopes->n_tallies && make_grid(&grid, scopes->n_tallies);
    for (size_t i = 0; made && i < scopes->n_tallies; i++) {
        const struct mt_scope_tally *tally = &scopes->tallies[i];
        n_all += tally->kind == MT_TALLY_COUNTER;
        if (tally->kind != MT_TALLY_COUNTER || (options->n && grid.n_rows == options->n))
            continue;
        fill_counter(grid.cells[grid.n_rows], tally);
        grid.names[grid.n_rows++] = mt_profile_text(rows->profile, tally->name);
    }
    if (n_all)
        print_grid(terminal, &grid, n_all, options->full, is_first);
    free_grid(&grid);
}

void mt_figures_table_print(const struct mt_terminal *terminal, const struct mt_scopes_rows *rows,
                            const struct mt_scopes_table_options *options) {
    bool is_first = rows->n == 0 && rows->profile->info.scopes.n_open == 0;
    print_caches(terminal, rows, options, &is_first);
    print_counters(terminal, rows, options, &is_first);
}
