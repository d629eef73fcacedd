/* SPDX-License-Identifier: MIT */
/*
 * memtrack top: options, and which way it is shown: on the screen (top/screen.c) or as tables
 * (top/tables.c). Both take their looks at the process by top/look.c.
 */
#include "top/top.h"

#include <argp.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command/command.h"
#include "command/help.h"
#include "command/input.h"
#include "command/view_options.h"
#include "view/format/format.h"
#include "view/subject.h"

enum { DEFAULT_ROWS = 20, SCREEN_DELAY_MS = 100, TABLE_DELAY_MS = 1000, LEAST_DELAY_MS = 10 };
#define NS_PER_MS UINT64_C(1000000)

enum option_key { KEY_SORT = MT_KEY_OWN, KEY_ONCE, KEY_BATCH, KEY_COUNT, KEY_DELAY, KEY_JSON };
enum { HELP_TABLES = MT_HELP_NAMES + 1 };

static const struct argp_option options[] = {
    {"sort", KEY_SORT, mt_top_column_list, MT_HELP_COMMON,
     "Print the largest in this column first (default: live)", MT_HELP_ROWS},
    {"tree", MT_KEY_TREE, NULL, MT_HELP_COMMON,
     "Add up the process and all that descend from it, as they come and go", MT_HELP_COUNTED},
    {"delay", KEY_DELAY, "DURATION", MT_HELP_COMMON,
     "Wait so long between two looks (default: 100ms on the screen, 1s for tables). It is "
     "longer when a look takes long",
     MT_HELP_PRINTED},
    {NULL, 0, NULL, 0, "Without a terminal:", HELP_TABLES},
    {"once", KEY_ONCE, NULL, MT_HELP_COMMON, "Print one table. Its rates are those of one delay",
     0},
    {"batch", KEY_BATCH, NULL, MT_HELP_COMMON, "Print a table after each delay", 0},
    {"count", KEY_COUNT, "N", MT_HELP_COMMON, "With --batch: stop after N tables", 0},
    {NULL, 'n', "N", 0,
     "Print at most N rows of a table, 0 for all (default: 20). The default of --json is all", 0},
    {"json", KEY_JSON, NULL, MT_HELP_COMMON, "Print a line of JSON for each table", 0},
    {0},
};

struct request {
    struct mt_top top;
    struct mt_view_request view;
    const char *what;
    bool once, batch, n_given;
};

/* ---- options --------------------------------------------------------------------------------- */

static bool parse_value(int key, const char *text, struct argp_state *state, struct request *r) {
    switch (key) {
    case KEY_SORT:
        if (!mt_top_column_parse(text, &r->top.options.sort))
            mt_options_choose(state, "--sort", text, mt_top_column_list);
        return true;
    case KEY_DELAY:
        r->top.delay_ns = mt_options_duration(state, "--delay", text, UINT64_C(1000000000),
                                              LEAST_DELAY_MS * NS_PER_MS, "500ms");
        return true;
    case KEY_COUNT:
        r->top.count = mt_options_number(state, "--count", text, 1, INT_MAX);
        return true;
    case 'n':
        r->top.n = mt_options_rows(state, text);
        return r->n_given = true;
    case MT_KEY_TREE:
        return r->top.is_tree = true;
    case KEY_ONCE:
        return r->once = true;
    case KEY_BATCH:
        return r->batch = true;
    case KEY_JSON:
        return r->top.json = true;
    default:
        return false;
    }
}

static void check_together(struct argp_state *state, const struct request *r) {
    if (!r->what)
        argp_error(state, "give a pid; memtrack list shows the tracked processes");
    if (r->once && (r->batch || r->top.count))
        argp_error(state, "--once excludes --batch and --count");
    if (!r->once && !r->batch && (r->top.json || r->top.count || r->n_given))
        argp_error(state, "--json, --count and -n need --once or --batch");
}

static error_t parse_option(int key, char *text, struct argp_state *state) {
    struct request *r = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &r->view;
        return 0;
    case ARGP_KEY_ARG:
        if (r->what)
            argp_error(state, "give one process (got %s and %s)", r->what, text);
        r->what = text;
        return 0;
    case ARGP_KEY_END:
        check_together(state, r);
        return 0;
    default:
        return parse_value(key, text, state, r) ? 0 : ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_child children[] = {{&mt_view_options_live_argp, 0, NULL, 0}, {0}};

const struct argp mt_top_argp = {
    .options = options,
    .parser = parse_option,
    .children = children,
    .args_doc = "PID|LEDGER|PROFILE|DIR",
    .doc = "Show what a running tracked process allocates, as it happens.\vExample: "
           "memtrack top --by function 1234\n\nThe process notices nothing: its ledger is "
           "read from outside. Change is what has become live since the mark, which is set "
           "when top begins and by the key m. Rates are those of the last second, or of one "
           "delay. When the process ends, its last picture stays; that of a profile, or of a run "
           "(DIR), is its end.\n\nKeys: arrows move. "
           "Enter opens a row into its call paths, and b goes back. < and > choose the "
           "column to sort by, / filters, g groups, m marks, space pauses. w writes a "
           "snapshot, h shows help, q quits.\n\nExit status: 0, 2 wrong usage, 3 the "
           "process is not tracked or cannot be read.",
};

static void read_options(int argc, char **argv, struct request *r) {
    mt_help_parse(&mt_top_argp, argc, argv, 0, r);
    struct mt_top *top = &r->top;
    top->options.by = r->view.view.by;
    top->options.filter = r->view.view.filter;
    top->options.wrappers = r->view.view.wrappers;
    top->options.symbols = r->view.shared.symbols;
    top->exact_bytes = r->view.shared.exact_bytes;
    top->color = r->view.shared.color;
    bool is_table = r->once || r->batch;
    if (!top->delay_ns)
        top->delay_ns = (is_table ? TABLE_DELAY_MS : SCREEN_DELAY_MS) * NS_PER_MS;
    top->options.window_ns =
        is_table ? 1 : TABLE_DELAY_MS * NS_PER_MS; /* a table: each reading ends one */
    if (r->once)
        top->count = 1;
    if (!r->n_given)
        top->n = top->json ? 0 : DEFAULT_ROWS;
}

/* ---- the command ----------------------------------------------------------------------------- */

static int open_tree(struct mt_top *top, pid_t pid, struct mt_error *error) {
    int rc = mt_top_model_new_tree(&top->options, &top->model, error);
    if (rc != 0)
        return rc;
    rc = mt_top_tree_open(&top->tree, pid, top->model, error);
    if (rc != 0)
        mt_top_model_free(top->model);
    top->target.pid = (uint32_t)pid;
    return rc;
}

static int open_ledger(struct mt_top *top, const char *what, struct mt_error *error) {
    struct mt_ledger *ledger;
    int rc = mt_top_target_open(&top->target, what, &ledger, error);
    if (rc == 0 && (rc = mt_top_model_new(ledger, &top->options, &top->model, error)) != 0)
        mt_top_target_close(&top->target);
    return rc;
}

/* A run, or a profile: its last picture, as of a process that ends while somebody looks. */
static int open_written(struct mt_top *top, const char *path, struct mt_error *error) {
    const struct mt_input_wanted wanted = {.keep = {.processes = true, .threads = true},
                                           .tree = top->is_tree,
                                           .symbols = &top->options.symbols};
    struct mt_processes processes;
    struct mt_profile *profile = NULL;
    int rc = mt_input_read_run(path, &wanted, &processes, &profile, error);
    mt_processes_free(&processes);
    if (rc == 0 && profile->info.watched) {
        mt_profile_free(profile);
        return mt_error_set(error, MEMTRACK_EUSAGE, "memtrack timeline shows it.",
                            "%s: nothing was recorded but memory over time", path);
    }
    if (rc != 0)
        return rc;
    top->target =
        (struct mt_top_target){.pid = profile->info.pid, .statm_fd = -1, .state = MT_TOP_ENDED};
    top->is_tree = false; /* it is one profile already */
    return mt_top_model_new_written(profile, &top->options, &top->model, error);
}

static int open_top(struct mt_top *top, const char *path, struct mt_error *error) {
    pid_t pid;
    bool is_process = mt_subject_is_process(path, &pid);
    if (is_process && top->is_tree)
        return open_tree(top, pid, error);
    struct stat status;
    bool is_directory = stat(path, &status) == 0 && S_ISDIR(status.st_mode);
    int rc = is_directory ? -MEMTRACK_EFORMAT : open_ledger(top, path, error);
    if (rc != -MEMTRACK_EFORMAT || is_process)
        return rc;
    if (error)
        *error = (struct mt_error){{0}, {0}};
    return open_written(top, path, error);
}

static void close_top(struct mt_top *top) {
    mt_top_model_free(top->model);
    top->model = NULL;
    mt_top_target_close(&top->target);
    mt_top_tree_close(&top->tree);
}

int mt_top_command(int argc, char **argv) {
    struct request r = {.top = {.program = argv[0], .target = {.statm_fd = -1}}};
    struct mt_error error = {0};
    read_options(argc, argv, &r);
    bool is_table = r.once || r.batch;
    int result = MT_EXIT_OK, rc = 0;
    char *path = NULL;
    if (!is_table && (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))) {
        mt_terminal_print_problem(r.top.program,
                                  "--once prints a table, --batch one after the other.",
                                  "no terminal on standard input and output");
        result = MT_EXIT_USAGE;
    } else
        path = mt_input_choose_run(r.top.program, r.what, r.top.is_tree, &result);
    if (path && (rc = open_top(&r.top, path, &error)) != 0) {
        mt_terminal_print_error(r.top.program, &error);
        result = mt_command_exit_status(rc);
    } else if (path) {
        result = is_table ? mt_top_tables(&r.top) : mt_top_screen(&r.top);
        close_top(&r.top);
    }
    free(path);
    mt_view_options_free(&r.view);
    return result;
}
