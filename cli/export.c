/* SPDX-License-Identifier: MIT */
/*
 * memtrack export: a profile, or the sum of several, in the format of another tool. What is counted
 * and who is charged are the options of report, so that what another tool shows are the figures of
 * report --by stack with the same options. What the formats are is in export/profile_format.h.
 */
#include <argp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command/command.h"
#include "command/help.h"
#include "command/html_profile.h"
#include "command/input.h"
#include "command/inputs.h"
#include "command/view_options.h"
#include "export/difference.h"
#include "export/export.h"
#include "export/output.h"
#include "export/profile_format.h"
#include "text/terminal.h"
#include "view/redact/redact.h"
#include "view/rows/patterns.h"
#include "view/subject.h"

enum option_key { KEY_FORMAT = MT_KEY_OWN, KEY_DIFF };

static const struct argp_option options[] = {
    {"format", KEY_FORMAT, "FORMAT", MT_HELP_COMMON,
     "Write this format (needed), one of these:" MT_PROFILE_FORMAT_WORDS, MT_HELP_PRINTED},
    {"diff", KEY_DIFF, NULL, 0,
     "Write what the second of two profiles, OLD and NEW, has more or less than the first",
     MT_HELP_COUNTED},
    {"output", 'o', "FILE", MT_HELP_COMMON,
     "Write to this file (default: standard output, unless that is a terminal and the format is "
     "binary)",
     MT_HELP_PRINTED},
    {"force", MT_KEY_FORCE, NULL, MT_HELP_COMMON, "Replace an existing FILE", MT_HELP_PRINTED},
    {"redact", MT_KEY_REDACT, NULL, 0,
     "Leave out paths, the command line and values that the program set", MT_HELP_PRINTED},
    {"source", MT_KEY_SOURCE, NULL, 0, "Put the text of the source files into the page of html",
     MT_HELP_PRINTED},
    {"source-path", MT_KEY_SOURCE_PATH, "DIR[:DIR...]", 0,
     "Look for the text of --source in DIR first, by paths and by shorter ends of them "
     "(repeatable)",
     MT_HELP_PRINTED},
    {"quiet", MT_KEY_QUIET, NULL, 0, "Do not say what the format cannot hold", MT_HELP_PRINTED},
    {"at", MT_KEY_AT, "end|peak|TIME", MT_HELP_COMMON,
     "Count as live what was not freed at this moment (default: end). TIME is after the start, "
     "such as 1.5s or 02:00. The column is then live, unless --sort says another",
     MT_HELP_COUNTED},
    MT_TREE_OPTION(MT_HELP_COUNTED),
    {"by", MT_KEY_BY, mt_group_by_list, 0,
     "Write a row for each of these, in a format of rows (default: stack)", MT_HELP_COUNTED},
    {"sort", MT_KEY_SORT, "COLUMN", MT_HELP_COMMON,
     "Write this column where the format has but one, and the largest first: peak (default), "
     "live, total, blocks, temporary, max, waste, live-blocks or peak-blocks",
     MT_HELP_ROWS},
    {NULL, MT_KEY_ROWS, "N", 0, "Write at most N rows, 0 for all (default: all)", MT_HELP_ROWS},
    {0},
};

struct request {
    char **files; /* as they were given */
    size_t n_files;
    bool compares;
    struct mt_export_output output;
    struct mt_html html; /* and what of it holds of every format */
    uint32_t *among; /* of each sample of a redacted profile: 1 when it had passed the filters */
    struct mt_view_request view;
};

static bool is_page(const struct request *r) {
    return r->output.format && (r->output.format->flags & MT_PROFILE_PAGE);
}

/* ---- options --------------------------------------------------------------------------------- */

static void check_difference(const struct argp_state *state, const struct request *r) {
    const struct mt_profile_format *format = r->output.format;
    if (!mt_profile_format_compares(format))
        argp_error(state, "--diff and --format %s exclude each other: it is of one profile",
                   format->name);
    if (r->n_files != MT_N_SIDES)
        argp_error(state, "--diff needs two profiles, OLD and NEW");
    if (strcmp(r->files[MT_OLD], "-") == 0 && strcmp(r->files[MT_NEW], "-") == 0)
        argp_error(state, "give a file for one side: both are standard input");
    if (r->html.redact && (format->flags & MT_PROFILE_ROWS))
        argp_error(state, "--redact and --diff exclude each other in --format %s", format->name);
}

static void finish(const struct argp_state *state, struct request *r) {
    const struct mt_profile_format *format = r->output.format;
    if (!format) {
        argp_error(state, "--format is needed: one of%s", MT_PROFILE_FORMAT_WORDS);
        return;
    }
    if (r->view.by_given && r->view.view.by != format->by && !(format->flags & MT_PROFILE_GROUPED))
        argp_error(state, "--by and --format %s exclude each other", format->name);
    if (r->view.shared.force && !r->output.path)
        argp_error(state, "--force needs -o");
    if (r->html.source && !is_page(r))
        argp_error(state, "--source needs --format html");
    mt_html_check_places(state, &r->html);
    if (r->compares)
        check_difference(state, r);
    r->output.force = r->view.shared.force;
    r->html.file = r->output.path ? r->output.path : "-";
    r->output.is_quiet = r->html.is_quiet = r->view.shared.quiet;
}

static error_t parse_option(int key, char *text, struct argp_state *state) {
    struct request *r = state->input;
    switch (key) {
    case KEY_FORMAT:
        r->output.format = mt_profile_format_find(text);
        if (!r->output.format)
            mt_options_choose(state, "--format", text, mt_profile_format_list);
        return 0;
    case KEY_DIFF:
        r->compares = true;
        return 0;
    case 'o':
        r->output.path = text;
        return 0;
    case ARGP_KEY_ARGS:
        r->files = state->argv + state->next;
        r->n_files = (size_t)(state->argc - state->next);
        return 0;
    case ARGP_KEY_END:
        finish(state, r);
        return 0;
    default:
        return mt_html_parse(key, text, &r->html)
                   ? 0
                   : mt_view_options_parse(key, text, state, &r->view);
    }
}

static const struct argp_child children[] = {{&mt_view_options_selected_argp, 0, NULL, 0}, {0}};

const struct argp mt_export_argp = {
    .options = options,
    .parser = parse_option,
    .children = children,
    .args_doc = "[FILE|PID|DIR...]\n--diff OLD NEW",
    .doc =
        "Write a profile in the format of another tool.\vExample: memtrack export --format "
        "collapsed app.pb.gz > app.txt\n\nFILE, PID and DIR are those of memtrack report. "
        "Several are added up, each with its own peak; with --diff, two are compared as memtrack "
        "diff does. The figures are those of memtrack "
        "report --by stack with the same options. What a format cannot hold is said on "
        "standard error. The file is written whole or not at all.\n\nExit status: 0, 2 wrong "
        "usage, 3 the profile cannot be read or the file not be written.",
};

/* ---- the profile ----------------------------------------------------------------------------- */

static char *choose_one_of(struct request *r, const char *file, int *result) {
    struct mt_at none;
    if (!mt_subject_at(file))
        return mt_input_choose_at(r->view.shared.program, file, r->view.shared.tree, &none, result);
    mt_terminal_print_problem(r->view.shared.program, "Give one for all of them by --at.",
                              "%s: a moment of one of several files", file);
    *result = MT_EXIT_USAGE;
    return NULL;
}

/* Returns the paths of what was given, at least one; NULL when the problem was printed. */
static char **choose(struct request *r, int *result) {
    size_t n = r->n_files ? r->n_files : 1;
    char **paths = calloc(n + 1, sizeof *paths);
    for (size_t i = 0; paths && i < n; i++) {
        const char *file = r->n_files ? r->files[i] : NULL;
        paths[i] = n == 1 ? mt_view_options_choose_input(&r->view, file, result)
                          : choose_one_of(r, file, result);
        if (!paths[i]) {
            while (i-- > 0)
                free(paths[i]);
            free(paths);
            return NULL;
        }
    }
    if (!paths) {
        mt_terminal_print_problem(r->view.shared.program, NULL, "out of memory");
        *result = MT_EXIT_UNREADABLE;
    }
    r->n_files = n;
    return paths;
}

/* ---- writing --------------------------------------------------------------------------------- */

static bool is_for_terminal(const struct request *r) {
    return !r->output.path && (r->output.format->flags & MT_PROFILE_BINARY) &&
           isatty(STDOUT_FILENO);
}

static int export_profile(struct request *r, const struct mt_profile *profile,
                          const struct mt_processes *processes, struct mt_error *error) {
    struct mt_rows *rows = NULL;
    mt_view_options_choose_sort(&r->view, profile);
    if (!r->view.by_given)
        r->view.view.by = r->output.format->by;
    r->view.view.keeps_samples = true;
    int rc = mt_rows_build(profile, &r->view.view, &rows, error);
    if (rc == 0) {
        const struct mt_export thing = {
            .what = MT_EXPORT_PROFILE,
            .profile = {.rows = rows,
                        .n = r->view.shared.n_given ? r->view.shared.n : r->output.format->n,
                        .processes = processes->n ? processes : NULL}};
        mt_view_options_check_sort(&r->view, rows);
        rc = mt_export_output_write(&r->output, &thing, error);
    }
    mt_rows_free(rows);
    return rc;
}

/* Filters are of true names: they are applied before these go. */
static int filter_beforehand(struct request *r, const struct mt_profile *profile,
                             struct mt_error *error) {
    struct mt_view_options *view = &r->view.view, by_line = *view;
    struct mt_rows *rows;
    size_t n;
    if (mt_filter_is_empty(&view->filter))
        return 0;
    by_line.by = MT_BY_LINE;
    by_line.keeps_samples = true;
    int rc = mt_rows_build(profile, &by_line, &rows, error);
    if (rc != 0)
        return rc;
    const uint32_t *row_of = mt_rows_of_samples(rows, &n);
    r->among = calloc(n + 1, sizeof *r->among);
    for (size_t i = 0; r->among && i < n; i++)
        r->among[i] = row_of[i] != UINT32_MAX;
    mt_rows_free(rows);
    view->filter = (struct mt_filter){0};
    view->among = r->among;
    view->among_value = 1;
    return r->among ? 0 : mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
}

static int redact(struct request *r, struct mt_profile *profile, struct mt_processes *processes,
                  struct mt_error *error) {
    int rc = filter_beforehand(r, profile, error);
    if (rc == 0 && mt_patterns_store(profile, &r->view.view.wrappers) == -MEMTRACK_ENOMEM)
        rc = mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
    r->view.view.wrappers.n_patterns = 0; /* they are the profile's, by its new names */
    mt_processes_free(processes);         /* which are told by paths and commands */
    return rc == 0 ? mt_redact(profile, NULL, error) : rc;
}

static int export_files(struct request *r, char *const *paths, struct mt_error *error) {
    struct mt_profile *profile = NULL;
    struct mt_processes processes;
    struct mt_input_wanted wanted = mt_view_options_wanted(&r->view);
    if (r->output.format->flags & MT_PROFILE_LABELS)
        wanted.keep.processes = wanted.keep.threads = true;
    wanted.keep.times = wanted.keep.scopes = true;
    int rc = mt_inputs_read(paths, r->n_files, &wanted, &processes, &profile, error);
    if (rc == 0 && r->html.redact)
        rc = redact(r, profile, &processes, error);
    if (rc == 0)
        rc = export_profile(r, profile, &processes, error);
    mt_processes_free(&processes);
    free(r->among);
    mt_profile_free(profile);
    return rc;
}

/* ---- pages ----------------------------------------------------------------------------------- */

/* One file is in the page as it is, so it is told from what is made of it here. */
static int read_for_page(struct request *r, char *const *paths, struct mt_html_side *side,
                         struct mt_processes *processes, struct mt_profile **profile,
                         struct mt_error *error) {
    struct mt_input_wanted wanted = mt_view_options_wanted(&r->view);
    wanted.keep = mt_html_keep;
    if (r->n_files > 1)
        return mt_inputs_read(paths, r->n_files, &wanted, processes, profile, error);
    int rc = mt_input_read_run(paths[0], &wanted, processes, profile, error);
    if (rc != 0)
        return rc;
    side->path = paths[0];
    side->n_read = mt_html_weigh(*profile);
    return mt_symbols_resolve(*profile, &r->view.shared.symbols, error);
}

static int export_page(struct request *r, char *const *paths, struct mt_error *error) {
    struct mt_html_side side = {.name = r->files ? r->files[0] : paths[0]};
    struct mt_profile *profile = NULL;
    struct mt_processes processes = {0};
    int rc = read_for_page(r, paths, &side, &processes, &profile, error);
    if (rc == 0) {
        mt_view_options_choose_sort(&r->view, profile);
        rc = mt_html_profile_write(&r->view, &r->html, &side, &processes, profile, error);
    }
    mt_html_free(&side);
    mt_processes_free(&processes);
    mt_profile_free(profile);
    return rc;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static int export_difference(struct request *r, struct mt_error *error) {
    const struct mt_export_difference difference = {
        .arguments = {r->files[MT_OLD], r->files[MT_NEW]},
        .view = &r->view,
        .html = &r->html,
        .output = &r->output,
    };
    return mt_export_difference_run(&difference, error);
}

static int run(struct request *r, struct mt_error *error) {
    int result = MT_EXIT_OK;
    if (is_for_terminal(r))
        return mt_error_set(error, MEMTRACK_EUSAGE, "Give a file with -o, or redirect it.",
                            "%s is binary, and standard output is a terminal",
                            r->output.format->name);
    if (r->compares)
        return export_difference(r, error);
    if (is_page(r) && r->n_files == 1 && mt_html_profile_is_none(r->files[0]))
        return mt_html_profile_write_none(&r->view, &r->html, error);
    char **paths = choose(r, &result);
    if (!paths)
        return result;
    int rc = is_page(r) ? export_page(r, paths, error) : export_files(r, paths, error);
    for (size_t i = 0; i < r->n_files; i++)
        free(paths[i]);
    free(paths);
    return rc;
}

int mt_export_command(int argc, char **argv) {
    struct request r = {.view.shared.program = argv[0], .output.program = argv[0]};
    struct mt_error error = {0};
    mt_help_parse(&mt_export_argp, argc, argv, 0, &r);
    int result = mt_command_end(r.view.shared.program, run(&r, &error), &error);
    mt_view_options_free(&r.view);
    return result;
}
