/* SPDX-License-Identifier: MIT */
/*
 * A call tree that fits 80 columns:
 *
 *        PEAK            LIVE  CALL TREE
 *     5.3 MiB 100.0%  1.6 MiB  main.cpp:7  main
 *     1.7 MiB  32.0%  1.6 MiB  ├ main.cpp:6  run
 *     1.4 MiB  27.0%  1.4 MiB  │ ├ reader.c:5  read_all
 *     1.4 MiB  27.0%  1.4 MiB  │ │ reader.c:4  read_file
 *   128.8 KiB   2.4%      0 B  │ └ image.cpp:10  index_names
 *
 * The only child of a node stands below it, at the same indent: call chains of thirty frames would
 * else be at the right edge before anything branches. A branch has a mark. Branches that are small
 * are summed where they matter together, and all others in one line at the end. Recursion is one
 * line (" ×30"), and one for each function of those that call each other in turn, as long as
 * nothing else branches from it. The walk is a loop with an array of levels, as paths are as deep as
 * the program's recursion was; of lines to the left that would leave the name no room, the outer
 * ones go.
 */
#include "text/tree_table.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/saturate.h"
#include "text/table-local.h"
#include "view/format/format.h"
#include "view/rows/missing.h"

enum { NAME_ROOM = 16, MARK_WIDTH = 2, MOST_ROWS_MEASURED = 200, MOST_IN_TURN = 8 };
enum { MOST_NODES_MEASURED = 10000 };
enum { WIDE_ENOUGH_FOR_BARS = 100 };

struct level { /* a node of which children are still to be printed */
    uint32_t node;
    size_t next, n_shown, n, depth; /* depth of its children below the root */
    size_t n_marks;                 /* how many branches are to the left of them */
    bool has_rest;                  /* those that are not shown get a line of their own */
    struct mt_row rest;
};

struct todo { /* a node whose children have not been looked at */
    uint32_t node;
    size_t depth; /* of the children */
};

struct sums { /* figures that will be printed */
    struct mt_row *items;
    size_t n, capacity;
    struct todo *todo;
    size_t n_todo, todo_capacity;
};

struct view {
    struct table table;
    const struct mt_tree *tree;
    const struct mt_tree_limits *limits;
    struct level *levels;
    size_t n_levels, level_capacity;
    uint32_t *chain; /* nodes of which each is the only child of the one before */
    size_t n_chain, chain_capacity;
    bool *goes_on; /* of each branch to the left: it has more children below */
    size_t n_marks, mark_capacity;
    struct mt_row left_out; /* all that is not shown and has no line of its own */
    size_t n_left_out, n_too_deep;
};

/* ---- to the left of a name ------------------------------------------------------------------- */

static const char *mark(const struct view *v, bool is_own, bool goes_on) {
    bool utf8 = v->table.terminal->utf8;
    if (is_own)
        return goes_on ? (utf8 ? "├ " : "|-") : (utf8 ? "└ " : "`-");
    return goes_on ? (utf8 ? "│ " : "| ") : "  ";
}

/* Returns how many of the outer marks are left out so that the name has room. */
static size_t hidden_marks(const struct view *v) {
    size_t width = v->table.name_width,
           most = width > NAME_ROOM ? (width - NAME_ROOM) / MARK_WIDTH : 0;
    return v->table.options->full || v->n_marks <= most ? 0 : v->n_marks - most;
}

/* begins: the branch itself begins here; otherwise its line goes on. Returns the columns. */
static size_t put_marks(const struct view *v, bool begins) {
    FILE *stream = v->table.terminal->stream;
    size_t hidden = hidden_marks(v), columns = 0;
    for (size_t i = hidden; i < v->n_marks; i++, columns += MARK_WIDTH) {
        const char *text = mark(v, begins && i + 1 == v->n_marks, v->goes_on[i]);
        fprintf(stream, "%s%s%s", mt_terminal_style(v->table.terminal, MT_STYLE_DIM), text,
                mt_terminal_style(v->table.terminal, MT_STYLE_NONE));
    }
    return columns;
}

/* ---- nodes ----------------------------------------------------------------------------------- */

static struct mt_row figures(const struct mt_tree_node *node) {
    struct mt_row row = {.sample = UINT32_MAX, .n_sites = node->n_sites};
    memcpy(row.value, node->value, sizeof row.value);
    return row;
}

/* Makes the name of a node in so many columns, and what stands beside or below it. */
static struct mt_label_pair name_of(const struct view *v, uint32_t id, const char *again,
                                    size_t columns) {
    const struct mt_labels *labels = &v->table.labels;
    const struct mt_tree_node *node = mt_tree_node(v->tree, id);
    enum mt_group_by by = mt_tree_options(v->tree)->by;
    if (by == MT_BY_LINE && node->has_frame)
        return mt_label_pair(labels, &node->frame, again, columns);
    char *key = mt_tree_key(v->tree, id);
    struct mt_label_pair pair = {.is_beside = true};
    const char *text = key ? mt_label_relative(labels, key) : "?";
    size_t more = mt_format_width(again);
    char *name =
        mt_label_fit(labels, text, columns > more ? columns - more : 1,
                     by == MT_BY_FUNCTION ? mt_format_shorten_function : mt_format_shorten_path);
    if (asprintf(&pair.place, "%s%s", name ? name : "?", again) < 0)
        pair.place = NULL;
    free(name);
    size_t taken = pair.place ? mt_format_width(pair.place) + MT_LABEL_GAP : columns;
    const char *file = by == MT_BY_FUNCTION && node->has_frame
                           ? mt_profile_text(labels->profile, node->frame.file)
                           : "";
    size_t base = mt_format_width(strrchr(file, '/') ? strrchr(file, '/') : file);
    if (*file &&
        taken + base < columns) /* a file that does not fit beside its function is left out */
        pair.function = mt_label_fit(labels, mt_label_relative(labels, file), columns - taken,
                                     mt_format_shorten_path);
    free(key);
    return pair;
}

static void put_name(const struct view *v, uint32_t id, size_t times, bool is_branch) {
    const struct table *t = &v->table;
    size_t taken = put_marks(v, is_branch),
           columns = t->name_width > taken ? t->name_width - taken : 1;
    char again[32] = "";
    if (times > 1)
        snprintf(again, sizeof again, " %s%zu", t->terminal->utf8 ? "×" : "x", times);
    struct mt_label_pair pair = name_of(v, id, again, columns);
    mt_terminal_put(t->terminal, MT_STYLE_NONE, pair.place ? pair.place : "?");
    if (pair.function && *pair.function) {
        if (!pair.is_beside) {
            mt_table_label_next_line(t, 0);
            put_marks(v, false);
        }
        fprintf(t->terminal->stream, "%*s", MT_LABEL_GAP, "");
        mt_terminal_put(t->terminal, MT_STYLE_DIM, pair.function);
    }
    mt_label_pair_free(&pair);
    fputc('\n', t->terminal->stream);
}

/* Writes how many frames are missing beyond nodes that follow one another, below their names. */
static void put_missing(const struct view *v, const uint32_t *nodes, size_t n) {
    const struct mt_terminal *terminal = v->table.terminal;
    char text[MT_ROWS_MISSING_BYTES];
    uint32_t missing = 0;
    bool varies = false;
    for (size_t i = 0; i < n; i++) {
        const struct mt_tree_node *node = mt_tree_node(v->tree, nodes[i]);
        varies |= node->missing_varies || (missing && node->missing && node->missing != missing);
        if (node->missing && (missing == 0 || node->missing < missing))
            missing = node->missing;
    }
    if (missing == 0)
        return;
    if (varies)
        snprintf(text, sizeof text, "[truncated] %s at least %" PRIu32 " more frame%s",
                 terminal->ellipsis, missing, missing == 1 ? "" : "s");
    else
        mt_rows_missing_text(text, missing, terminal->ellipsis);
    fprintf(terminal->stream, "%*s", (int)v->table.name_column, "");
    size_t taken = put_marks(v, false);
    mt_terminal_put_fitting(terminal, v->table.name_column + taken, MT_STYLE_WARN, text);
    fputc('\n', terminal->stream);
}

static void put_node(const struct view *v, uint32_t id, size_t times, bool is_branch) {
    struct mt_row row = figures(mt_tree_node(v->tree, id));
    mt_table_put_numbers(&v->table, &row, false);
    put_name(v, id, times, is_branch);
}

/* Writes "… 12 more below 1%". */
static void rest_text(const struct view *v, size_t n, char *text, size_t bytes) {
    char count[MT_FORMAT_BYTES];
    mt_format_count(count, (int64_t)n);
    if (v->limits->n)
        snprintf(text, bytes, "%s %s more", v->table.terminal->ellipsis, count);
    else
        snprintf(text, bytes, "%s %s more below %g%%", v->table.terminal->ellipsis, count,
                 100 * v->limits->min_share);
}

static void put_rest(const struct view *v, const struct level *level) {
    const struct table *t = &v->table;
    char text[128];
    rest_text(v, level->n - level->n_shown, text, sizeof text);
    mt_table_put_numbers(t, &level->rest, true);
    size_t taken = put_marks(v, level->n_shown > 0);
    mt_terminal_put_fitting(t->terminal, t->name_column + taken, MT_STYLE_DIM, text);
    fputc('\n', t->terminal->stream);
}

/* Collects the figures of what will be shown, of which columns take their widths: sums are wider
 * than what they are sums of, or narrower, as 1.0 MiB is than 1023.5 KiB. Without memory columns
 * are not straight. */
static void collect_sums(struct view *v, struct sums *sums) {
    if (mt_array_reserve(&sums->todo, &sums->todo_capacity, 1, sizeof *sums->todo))
        sums->todo[sums->n_todo++] = (struct todo){0, 1};
    while (sums->n_todo && sums->n < MOST_NODES_MEASURED) {
        struct todo now = sums->todo[--sums->n_todo];
        size_t n;
        const uint32_t *children = mt_tree_children(v->tree, now.node, &n);
        struct mt_row rest;
        size_t shown = mt_tree_shown(v->tree, now.node, now.depth, v->limits, &rest);
        if (!mt_array_reserve(&sums->items, &sums->capacity, sums->n + shown + 1,
                              sizeof *sums->items) ||
            !mt_array_reserve(&sums->todo, &sums->todo_capacity, sums->n_todo + shown,
                              sizeof *sums->todo))
            break;
        /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): there is room for it */
        sums->items[sums->n++] = rest;
        for (size_t i = 0; i < shown; i++) {
            sums->items[sums->n++] = figures(mt_tree_node(v->tree, children[i]));
            sums->todo[sums->n_todo++] = (struct todo){children[i], now.depth + 1};
        }
    }
    free(sums->todo);
}

/* Says what was left out here and there: small branches with their sum, and what is too deep. */
static void put_left_out(const struct view *v) {
    const struct table *t = &v->table;
    char text[128], count[MT_FORMAT_BYTES];
    if (v->n_left_out) {
        rest_text(v, v->n_left_out, text, sizeof text);
        if (v->limits->n) /* one that is inside of another that is shown: a sum would say nothing */
            fprintf(t->terminal->stream, "%*s", (int)t->name_column, "");
        else
            mt_table_put_numbers(t, &v->left_out, true);
        mt_terminal_put_fitting(t->terminal, t->name_column, MT_STYLE_DIM, text);
        fputc('\n', t->terminal->stream);
    }
    if (v->n_too_deep) {
        snprintf(text, sizeof text, "%s %s more below level %zu (--depth)", t->terminal->ellipsis,
                 mt_format_count(count, (int64_t)v->n_too_deep), v->limits->depth);
        fprintf(t->terminal->stream, "%*s", (int)t->name_column, "");
        mt_terminal_put_fitting(t->terminal, t->name_column, MT_STYLE_DIM, text);
        fputc('\n', t->terminal->stream);
    }
}

/* ---- the walk -------------------------------------------------------------------------------- */

static void leave_out(struct view *v, const struct level *level, size_t n) {
    for (size_t i = 0; i < MT_N_VALUES; i++)
        mt_saturate_add(&v->left_out.value[i], level->rest.value[i]);
    v->left_out.n_sites += level->rest.n_sites;
    v->n_left_out += n;
}

/* Finds out what becomes of the children that are not shown: those of a node that together hold as
 * much as one that is shown get a line below it. */
static void judge_rest(struct view *v, struct level *level) {
    enum mt_value sort = mt_tree_options(v->tree)->sort;
    double least = v->limits->min_share * (double)mt_rows_whole(v->table.rows, sort),
           held = (double)mt_saturate_magnitude(level->rest.value[sort]);
    size_t n = level->n - level->n_shown;
    level->has_rest = n && v->limits->n == 0 && held > 0 && held >= least;
    if (v->limits->depth && level->depth > v->limits->depth) {
        level->has_rest = false;
        v->n_too_deep += n;
    } else if (!level->has_rest)
        leave_out(v, level, n);
}

static struct level level_of(struct view *v, uint32_t node, size_t depth) {
    struct level level = {.node = node, .depth = depth, .n_marks = v->n_marks};
    mt_tree_children(v->tree, node, &level.n);
    level.n_shown = mt_tree_shown(v->tree, node, depth, v->limits, &level.rest);
    judge_rest(v, &level);
    return level;
}

static bool enter(struct view *v, const struct level *level) {
    if (!mt_array_reserve(&v->levels, &v->level_capacity, v->n_levels + 1, sizeof *v->levels) ||
        !mt_array_reserve(&v->goes_on, &v->mark_capacity, v->n_marks + 1, sizeof *v->goes_on))
        return false;
    v->levels[v->n_levels] = *level;
    v->n_levels += level->n_shown || level->has_rest;
    return true;
}

/* Returns whether a child is called as its parent is: a call of itself. */
static bool recurs(const struct mt_tree *tree, uint32_t node, uint32_t child) {
    const struct mt_row_frame *x = &mt_tree_node(tree, node)->frame,
                              *y = &mt_tree_node(tree, child)->frame;
    enum mt_group_by by = mt_tree_options(tree)->by;
    return x->function && x->function == y->function && x->file == y->file &&
           (by != MT_BY_LINE || (x->line && x->line == y->line));
}

/* Collects a node, its only child and so on, as long as nothing else branches. Returns false when
 * out of memory; *level is that of the innermost. */
static bool follow_chain(struct view *v, uint32_t child, size_t depth, struct level *level) {
    size_t n;
    v->n_chain = 0;
    for (;;) {
        if (!mt_array_reserve(&v->chain, &v->chain_capacity, v->n_chain + 1, sizeof *v->chain))
            return false;
        v->chain[v->n_chain++] = child;
        *level = level_of(v, child, depth++);
        if (level->n_shown != 1 || level->has_rest)
            return true;
        child = mt_tree_children(v->tree, level->node, &n)[0];
    }
}

/* Returns how often the first so many nodes from the i-th on come in turn. */
static size_t times_in_turn(const struct view *v, size_t i, size_t n) {
    size_t same = n;
    while (i + same < v->n_chain && recurs(v->tree, v->chain[i + same - n], v->chain[i + same]))
        same++;
    return same / n;
}

/* Returns how many nodes from the i-th on are called in turn, and in *times how often. */
static size_t find_recursion(const struct view *v, size_t i, size_t *times) {
    size_t n_best = 1;
    *times = 1;
    for (size_t n = 1; n <= MOST_IN_TURN && i + n <= v->n_chain && !v->table.options->full; n++) {
        size_t k = times_in_turn(v, i, n);
        if (k > 1 && k * n > *times * n_best) {
            n_best = n;
            *times = k;
        }
    }
    return n_best;
}

static void put_chain(const struct view *v, bool is_branch) {
    for (size_t i = 0, times; i < v->n_chain;) {
        size_t n = find_recursion(v, i, &times);
        for (size_t k = 0; k < n; k++)
            put_node(v, v->chain[i + k], times, is_branch && i + k == 0);
        put_missing(v, v->chain + i, n * times);
        i += n * times;
    }
}

/* Prints the next child of the innermost level, or the sum of those that are not shown, and leaves
 * the level behind the last. */
static bool step(struct view *v) {
    struct level *level = &v->levels[v->n_levels - 1];
    size_t n_items = level->n_shown + level->has_rest, n;
    bool is_rest = level->next >= level->n_shown;
    if (level->next == n_items) {
        v->n_levels--;
        return true;
    }
    v->n_marks = level->n_marks;
    if (n_items > 1)
        v->goes_on[v->n_marks++] = level->next + 1 < n_items;
    level->next++;
    if (is_rest) {
        put_rest(v, level);
        return true;
    }
    uint32_t child = mt_tree_children(v->tree, level->node, &n)[level->next - 1];
    struct level inner;
    if (!follow_chain(v, child, level->depth + 1, &inner))
        return false;
    put_chain(v, n_items > 1);
    return enter(v, &inner);
}

/* ---- the whole ------------------------------------------------------------------------------- */

static void put_total(const struct table *t) {
    if (mt_rows_is_filtered(t->rows)) {
        mt_table_put_numbers(t, &t->filtered_out, true);
        mt_terminal_put(t->terminal, MT_STYLE_DIM, "filtered out");
        fputc('\n', t->terminal->stream);
    }
    mt_table_put_numbers(t, mt_rows_all(t->rows), true);
    mt_terminal_put(t->terminal, MT_STYLE_BOLD, "total");
    fputc('\n', t->terminal->stream);
}

void mt_tree_table_print(const struct mt_terminal *terminal, const struct mt_tree *tree,
                         const struct mt_tree_limits *limits,
                         const struct mt_table_options *options) {
    size_t n_newer = 0;
    struct table_stack above = {0};
    struct view v = {
        .table = {.terminal = terminal,
                  .rows = mt_tree_rows(tree),
                  .options = options,
                  .above = &above,
                  .n_newer = &n_newer,
                  .has_no_bar = terminal->width < WIDE_ENOUGH_FOR_BARS,
                  .has_heat = true,
                  .bar_whole = mt_rows_whole(mt_tree_rows(tree), mt_tree_options(tree)->sort),
                  .has_no_sources = mt_tree_options(tree)->by == MT_BY_MODULE,
                  .name_heading = mt_tree_options(tree)->inverted ? "CALLED BY" : "CALL TREE"},
        .tree = tree,
        .limits = limits};
    mt_table_prepare(&v.table);
    if (v.table.n_shown > MOST_ROWS_MEASURED)
        v.table.n_shown = MOST_ROWS_MEASURED; /* no sum is wider than the total */
    struct sums sums = {0};
    if (!mt_table_put_nothing(&v.table)) {
        collect_sums(&v, &sums);
        v.table.sums = sums.items;
        v.table.n_sums = sums.n;
        mt_table_lay_out(&v.table);
        mt_table_label_put_notes(&v.table);
        mt_table_put_heading(&v.table);
        struct level outermost = level_of(&v, 0, 1);
        bool done = enter(&v, &outermost);
        while (done && v.n_levels)
            done = step(&v);
        if (!done)
            mt_terminal_put(terminal, MT_STYLE_WARN, " (out of memory: branches are missing)\n");
        put_left_out(&v);
        put_total(&v.table);
    }
    free(sums.items);
    free(v.levels);
    free(v.chain);
    free(v.goes_on);
    mt_table_label_free(&v.table);
}
