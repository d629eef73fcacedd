/* SPDX-License-Identifier: MIT */
/*
 * memtrack tree: the call paths of a report as one tree. Options mean what they mean in report;
 * what a tree has of its own is which way it grows, and how much of it is shown.
 */
#include <argp.h>
#include <stdlib.h>

#include "command/command.h"
#include "command/help.h"
#include "command/input.h"
#include "command/view_options.h"
#include "export/export.h"
#include "text/lines.h"
#include "text/pager.h"
#include "text/tree_table.h"

enum option_key { KEY_INVERTED = MT_KEY_OWN, KEY_DEPTH, KEY_MIN };
enum { DEFAULT_PERCENT = 1, MOST_LEVELS = 1 << 20, MUCH_ROOM = 140 };

static const struct argp_option options[] = {
    {"inverted", KEY_INVERTED, NULL, MT_HELP_COMMON,
     "Begin with the frames that allocated, and go on with who called them", MT_HELP_COUNTED},
    {"at", MT_KEY_AT, "end|peak|TIME", MT_HELP_COMMON,
     "Count as live what was not freed at this moment (default: end). TIME is after the "
     "start, such as 1.5s or 02:00. Branches are then sorted by live",
     MT_HELP_COUNTED},
    MT_TREE_OPTION(MT_HELP_COUNTED),
    {"sort", MT_KEY_SORT, "COLUMN", MT_HELP_COMMON,
     "Print the largest first: peak (default), live, total, blocks, temporary, max, waste, "
     "live-blocks or peak-blocks",
     MT_HELP_ROWS},
    {"min", KEY_MIN, "PERCENT", MT_HELP_COMMON,
     "Sum up branches that hold less (default: 1, with --json 0)", MT_HELP_ROWS},
    {"depth", KEY_DEPTH, "N", MT_HELP_COMMON, "Print N levels (default: all)", MT_HELP_ROWS},
    {NULL, MT_KEY_ROWS, "N", MT_HELP_COMMON, "Print the largest N nodes (default: 0, all)",
     MT_HELP_ROWS},
    {"json", MT_KEY_JSON, NULL, MT_HELP_COMMON, "Print JSON", MT_HELP_PRINTED},
    {"full-names", MT_KEY_FULL_NAMES, NULL, 0, "Do not shorten names and paths", MT_HELP_PRINTED},
    {"full-stacks", MT_KEY_FULL_STACKS, NULL, 0,
     "Print the frames that start the program and its threads too", MT_HELP_PRINTED},
    {"verbose", MT_KEY_VERBOSE, NULL, 0, MT_HELP_VERBOSE, MT_HELP_PRINTED},
    {"no-pager", MT_KEY_NO_PAGER, NULL, 0, MT_HELP_NO_PAGER, MT_HELP_PRINTED},
    {0},
};

struct request {
    const char *file;
    bool inverted, min_given;
    struct mt_tree_limits limits;
    struct mt_view_request view;
};

/* ---- options --------------------------------------------------------------------------------- */

static void parse_min(const struct argp_state *state, const char *text, struct request *r) {
    char *end;
    double percent = strtod(text, &end);
    if (*end == '%')
        end++;
    if (*text < '0' || *text > '9' || *end || !(percent <= 100))
        argp_error(state, "--min %s: needs a percentage, such as 5", text);
    r->limits.min_share = percent / 100;
    r->min_given = true;
}

static void finish(const struct argp_state *state, struct request *r) {
    if (!mt_group_by_is_frame(r->view.view.by))
        mt_options_choose(state, "--by", mt_group_by_name(r->view.view.by),
                          "line|function|file|module");
    if (!r->min_given && !r->view.shared.json && !r->view.shared.n_given)
        r->limits.min_share = DEFAULT_PERCENT / 100.0;
    r->limits.n = r->view.shared.n_given ? r->view.shared.n : 0;
}

static error_t parse_option(int key, char *text, struct argp_state *state) {
    struct request *r = state->input;
    switch (key) {
    case KEY_INVERTED:
        r->inverted = true;
        return 0;
    case KEY_MIN:
        parse_min(state, text, r);
        return 0;
    case KEY_DEPTH:
        r->limits.depth = mt_options_number(state, "--depth", text, 1, MOST_LEVELS);
        return 0;
    case ARGP_KEY_ARG:
        mt_options_profile(state, text, &r->file);
        return 0;
    case ARGP_KEY_END:
        finish(state, r);
        return 0;
    default:
        return mt_view_options_parse(key, text, state, &r->view);
    }
}

static const struct argp_child children[] = {{&mt_view_options_live_argp, 0, NULL, 0}, {0}};

const struct argp mt_tree_argp = {
    .options = options,
    .parser = parse_option,
    .children = children,
    .args_doc = "[FILE|PID|DIR]",
    .doc = "Show the call paths of a recorded or running process as one tree.\vExample: "
           "memtrack tree --inverted app.pb.gz\n\nFILE, PID and DIR are those of memtrack "
           "report. A node has the figures of all calls below it: branches add up to their "
           "node. The only branch of a node stands below it at the same indent.\n\nExit "
           "status: 0, 2 wrong usage, 3 the profile cannot be read.",
};

/* ---- printing -------------------------------------------------------------------------------- */

static int print_text(const struct request *r, const struct mt_tree *tree) {
    const struct mt_options_shared *shared = &r->view.shared;
    struct mt_terminal terminal;
    struct mt_summary lines = {0};
    mt_terminal_init(&terminal, stdout, shared->color);
    struct mt_table_options table = {.n = SIZE_MAX, /* but no path that has nothing */
                                     .n_columns =
                                         terminal.width < MUCH_ROOM ? 2 : 3, /* names need it */
                                     .exact_bytes = shared->exact_bytes,
                                     .full = shared->full_names};
    struct mt_summary_format format =
        mt_lines_format(&terminal, shared->exact_bytes, shared->verbose);
    if (!shared->no_pager)
        mt_pager_start();
    mt_summary_head(mt_tree_rows(tree), &format, &lines);
    mt_lines_print(&terminal, &lines);
    fputc('\n', terminal.stream);
    mt_tree_table_print(&terminal, tree, &r->limits, &table);
    return 0;
}

static int print(const struct request *r, const struct mt_tree *tree, struct mt_error *error) {
    const struct mt_export thing = {.what = MT_EXPORT_TREE, .tree = {tree, &r->limits}};
    return r->view.shared.json ? mt_export(stdout, &thing, MT_EXPORT_JSON, error)
                               : print_text(r, tree);
}

static int build(struct request *r, const struct mt_profile *profile, struct mt_rows **rows,
                 struct mt_tree **tree, struct mt_error *error) {
    struct mt_view_options view = r->view.view;
    view.by = MT_BY_STACK;
    int status = mt_rows_build(profile, &view, rows, error);
    const struct mt_tree_options shape = {.by = r->view.view.by,
                                          .sort = view.sort,
                                          .inverted = r->inverted,
                                          .full_stacks = r->view.shared.full_stacks};
    return status ? status : mt_tree_build(*rows, &shape, tree, error);
}

static int show(struct request *r, const char *path, struct mt_error *error) {
    struct mt_profile *profile = NULL;
    struct mt_rows *rows = NULL;
    struct mt_tree *tree = NULL;
    const struct mt_input_wanted wanted = mt_view_options_wanted(&r->view);
    struct mt_processes processes;
    int status = mt_input_read_run(path, &wanted, &processes, &profile, error);
    mt_processes_free(&processes);
    if (status == 0)
        status = mt_symbols_resolve(profile, &r->view.shared.symbols, error);
    if (status == 0) {
        mt_view_options_choose_sort(&r->view, profile);
        status = build(r, profile, &rows, &tree, error);
    }
    if (status == 0) {
        mt_view_options_check_sort(&r->view, rows);
        status = print(r, tree, error);
    }
    mt_tree_free(tree);
    mt_rows_free(rows);
    mt_profile_free(profile);
    return status;
}

int mt_tree_command(int argc, char **argv) {
    struct request r = {.view.shared.program = argv[0]};
    struct mt_error error = {0};
    int result = MT_EXIT_OK;
    mt_help_parse(&mt_tree_argp, argc, argv, 0, &r);
    char *path = mt_view_options_choose_input(&r.view, r.file, &result);
    if (path) {
        result = mt_command_end(r.view.shared.program, show(&r, path, &error), &error);
        free(path);
    }
    mt_view_options_free(&r.view);
    return result;
}
