/* SPDX-License-Identifier: MIT */
/*
 * memtrack scopes: what a program has measured of its own regions, by name (view/scopes/rows.h) or
 * one by one. A trace is written beside what is printed, so that one look at a recording gives
 * both.
 */
#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "command/command.h"
#include "command/help.h"
#include "command/input.h"
#include "command/inputs.h"
#include "command/options.h"
#include "export/export.h"
#include "text/calls_table.h"
#include "text/figures_table.h"
#include "text/file.h"
#include "text/pager.h"
#include "text/scopes_details.h"
#include "text/scopes_events.h"
#include "text/scopes_table.h"
#include "text/terminal.h"
#include "view/scopes/filter.h"
#include "view/symbols/symbols.h"

enum key {
    KEY_SORT = 256,
    KEY_EVENTS,
    KEY_TRACE,
    KEY_INCLUDE,
    KEY_EXCLUDE,
    KEY_BY,
    KEY_DETAILS,
    KEY_SLOWER,
    KEY_LARGER,
    KEY_CALLERS,
    KEY_CALLEES,
    KEY_CALLGRIND,
    KEY_PPROF,
};

enum { DEFAULT_ROWS = 20 };

static const struct argp_option options[] = {
    {NULL, 0, NULL, 0, "Rows:", 1},
    {"events", KEY_EVENTS, NULL, MT_HELP_COMMON,
     "List the latest scopes one by one, with marks and counters. Each has what the program "
     "said about it",
     0},
    MT_TREE_OPTION(0),
    {"by", KEY_BY, "name|process", 0,
     "Print a row for each name (default), or for each name and process of a run or tree", 0},
    {"slower", KEY_SLOWER, "DUR", 0,
     "List only scopes that took at least DUR, as --events does: 1ms, 2s", 0},
    {"larger", KEY_LARGER, "SIZE", 0,
     "List only scopes whose peak was at least SIZE, as --events does: 64K, 1M", 0},
    {"details", KEY_DETAILS, NULL, MT_HELP_COMMON,
     "Print all statistics of each name: mean, standard deviation, least, percentiles and "
     "largest; where it began, and its latest error",
     0},
    {"callers", KEY_CALLERS, NULL, MT_HELP_COMMON,
     "Show who called each function, of a program built with -finstrument-functions: how often, "
     "and what the calls took",
     0},
    {"callees", KEY_CALLEES, NULL, 0, "Show what each function called", 0},
    {"sort", KEY_SORT, "STATISTIC", MT_HELP_COMMON,
     "Print the largest first: peak (default), net, allocated, blocks, freed, self, time, "
     "self-time, cpu, count, errors or misuses; or sort by name. Peak is the highest of any scope "
     "of "
     "the name; self is without inner scopes",
     0},
    {"include", KEY_INCLUDE, "PATTERN", MT_HELP_COMMON,
     "Show only scopes with matching names (repeatable: one has to match). PATTERN takes "
     "shell wildcards",
     0},
    {"exclude", KEY_EXCLUDE, "PATTERN", 0, "Leave out what matches, as in --include (repeatable)",
     0},
    {NULL, MT_KEY_ROWS, "N", MT_HELP_COMMON,
     "Print at most N rows, 0 for all (default: 20). The default of --json and --csv is all", 0},
    {NULL, 0, NULL, 0, "Output:", 2},
    {"json", MT_KEY_JSON, NULL, MT_HELP_COMMON, "Print JSON", 0},
    {"csv", MT_KEY_CSV, NULL, 0, "Print CSV", 0},
    {"trace", KEY_TRACE, "FILE", MT_HELP_COMMON,
     "Write a trace for ui.perfetto.dev or chrome://tracing. It has the scopes, marks, "
     "counters and the heap. - is standard output, and nothing else is printed then",
     0},
    {"callgrind", KEY_CALLGRIND, "FILE", 0,
     "Write the calls of functions for KCachegrind and callgrind_annotate. - is standard output",
     0},
    {"pprof", KEY_PPROF, "FILE", 0,
     "Write the calls of functions, with their whole paths, for pprof. - is standard output", 0},
    {"force", MT_KEY_FORCE, NULL, MT_HELP_COMMON, "Replace an existing FILE", 0},
    {"bytes", MT_KEY_BYTES, NULL, 0, "Print exact bytes instead of KiB and MiB", 0},
    {"full-names", MT_KEY_FULL_NAMES, NULL, 0, "Do not shorten names", 0},
    {"verbose", MT_KEY_VERBOSE, NULL, 0, MT_HELP_VERBOSE, 0},
    {"color", MT_KEY_COLOR, MT_ARG_COLOR, 0, MT_HELP_COLOR, 0},
    {"no-pager", MT_KEY_NO_PAGER, NULL, 0, MT_HELP_NO_PAGER, 0},
    {NULL, 0, NULL, 0, "Names:", 3},
    MT_SYMBOL_OPTIONS(0),
    {0},
};

struct request {
    struct mt_options_shared shared;
    char **files; /* as they were given, then the profiles that they stand for */
    size_t n_files;
    const char *trace, *callgrind, *pprof;
    enum mt_scopes_sort sort;
    bool sort_given, events, by_process, details, callers, callees;
    uint64_t slower_ns, larger_bytes;
    struct {
        const char **items;
        size_t n;
    } include, exclude;
    struct mt_scopes_table_options table;
};

/* ---- options --------------------------------------------------------------------------------- */

static bool is_stdout(const char *file) {
    return file && strcmp(file, "-") == 0;
}

/* Returns how many of the files to write are standard output. */
static int n_to_stdout(const struct request *r) {
    return is_stdout(r->trace) + is_stdout(r->callgrind) + is_stdout(r->pprof);
}

static void check_files(const struct argp_state *state, const struct request *r) {
    if (n_to_stdout(r) > 1)
        argp_error(state, "only one file can be standard output");
    if (n_to_stdout(r) != 0 && (r->shared.json || r->shared.csv || r->events))
        argp_error(state, "%s - excludes --json, --csv and --events",
                   is_stdout(r->trace)       ? "--trace"
                   : is_stdout(r->callgrind) ? "--callgrind"
                                             : "--pprof");
    if (r->shared.force && !r->trace && !r->callgrind && !r->pprof)
        argp_error(state, "--force needs --trace, --callgrind or --pprof");
}

static void check(const struct argp_state *state, struct request *r) {
    if (r->shared.json && r->shared.csv)
        argp_error(state, "--json and --csv exclude each other");
    if (r->events && r->sort_given)
        argp_error(state, "--sort excludes --events, --slower and --larger");
    if (r->details && (r->events || r->shared.json || r->shared.csv))
        argp_error(state, "--details excludes --events, --slower, --larger, --json and --csv");
    check_files(state, r);
    if (r->callers + r->callees + r->events + r->details > 1)
        argp_error(state, "--callers, --callees, --details and --events exclude each other");
    if (r->shared.csv && (r->callers || r->callees))
        argp_error(state, "--csv has no calls; --json has");
    if (!r->shared.n_given)
        r->shared.n = r->shared.json || r->shared.csv ? 0 : DEFAULT_ROWS;
    r->table = (struct mt_scopes_table_options){.n = r->shared.n,
                                                .exact_bytes = r->shared.exact_bytes,
                                                .full = r->shared.full_names,
                                                .verbose = r->shared.verbose};
}

static error_t add_file(struct request *r, char *text) {
    if (!mt_array_grow(&r->files, r->n_files, sizeof *r->files))
        return ENOMEM;
    r->files[r->n_files++] = text;
    return 0;
}

static error_t parse_option(int key, char *text, struct argp_state *state) {
    struct request *r = state->input;
    switch (key) {
    case KEY_SORT:
        if (!mt_scopes_sort_parse(text, &r->sort))
            mt_options_choose(state, "--sort", text, mt_scopes_sort_list);
        r->sort_given = true;
        return 0;
    case KEY_BY:
        if (strcmp(text, "name") != 0 && strcmp(text, "process") != 0)
            mt_options_choose(state, "--by", text, "name|process");
        r->by_process = *text == 'p';
        return 0;
    case KEY_EVENTS:
        r->events = true;
        return 0;
    case KEY_SLOWER:
        r->slower_ns = mt_options_duration(state, "--slower", text, 0, 1, "1ms");
        r->events = true;
        return 0;
    case KEY_LARGER:
        r->larger_bytes = mt_options_size(state, "--larger", text, "1M");
        r->events = true;
        return 0;
    case KEY_DETAILS:
        r->details = true;
        return 0;
    case KEY_TRACE:
        r->trace = text;
        return 0;
    case KEY_CALLGRIND:
        r->callgrind = text;
        return 0;
    case KEY_PPROF:
        r->pprof = text;
        return 0;
    case KEY_CALLERS:
        r->callers = true;
        return 0;
    case KEY_CALLEES:
        r->callees = true;
        return 0;
    case KEY_INCLUDE:
        mt_options_pattern(state, "--include", "the name of a scope", text, &r->include.items,
                           &r->include.n);
        return 0;
    case KEY_EXCLUDE:
        mt_options_pattern(state, "--exclude", "the name of a scope", text, &r->exclude.items,
                           &r->exclude.n);
        return 0;
    case ARGP_KEY_ARG:
        return add_file(r, text);
    case ARGP_KEY_END:
        check(state, r);
        return 0;
    default:
        return mt_options_parse(key, text, state, &r->shared) ? 0 : ARGP_ERR_UNKNOWN;
    }
}

const struct argp mt_scopes_argp = {
    .options = options,
    .parser = parse_option,
    .args_doc = "[FILE|DIR|PID...]",
    .doc =
        "Show what a program measured of its own regions (memtrack_begin and "
        "memtrack_end of memtrack.h).\vExample: memtrack scopes --sort time "
        "app.pb.gz\n\nFILE is a profile, and PID is a running process. DIR is that of "
        "a run, whose processes are added up, or stands for the newest profile in it. Several of "
        "them are added up. Without an argument, the current directory is taken.\n\nAll scopes of "
        "a name are one row. Net is "
        "what they allocated and "
        "kept, peak the highest that any of them held. Half of them took at most P50, "
        "and 95 of 100 at most P95. Inner scopes are included, except in self.\n\nRows "
        "are of scopes that have ended. Open ones are listed below, with their figures "
        "so far.\n\nExit status: 0, 2 wrong usage, 3 the profile cannot be read.",
};

/* ---- output ---------------------------------------------------------------------------------- */

static int write_file(const struct request *r, const char *path, const struct mt_export *thing,
                      enum mt_export_format format, struct mt_error *error) {
    struct mt_file file;
    int rc = mt_file_create(&file, path, r->shared.force, error);
    return rc != 0 ? rc
                   : mt_file_finish(&file, mt_export(file.stream, thing, format, error), error);
}

static int say_no_calls(struct mt_error *error) {
    return mt_error_set(error, MEMTRACK_EUSAGE,
                        "Build the program with -finstrument-functions, and record it again.",
                        "there are no calls of functions in this recording");
}

static int write_files(const struct request *r, const struct mt_profile *profile,
                       struct mt_error *error) {
    const struct mt_export events = {.what = MT_EXPORT_EVENTS, .events = {.profile = profile}};
    const struct mt_export calls = {.what = MT_EXPORT_CALLS, .calls = profile};
    int rc = 0;
    if ((r->callgrind || r->pprof || r->callers || r->callees) && profile->info.scopes.n_calls == 0)
        return say_no_calls(error);
    if (r->trace)
        rc = write_file(r, r->trace, &events, MT_EXPORT_TRACE, error);
    if (rc == 0 && r->callgrind)
        rc = write_file(r, r->callgrind, &calls, MT_EXPORT_CALLGRIND, error);
    if (rc == 0 && r->pprof)
        rc = write_file(r, r->pprof, &calls, MT_EXPORT_PPROF, error);
    return rc;
}

static int print_text(const struct request *r, const struct mt_scopes_rows *rows,
                      struct mt_error *error) {
    struct mt_terminal terminal;
    mt_terminal_init(&terminal, stdout, r->shared.color);
    if (!r->shared.no_pager)
        mt_pager_start();
    mt_scopes_table_print_head(&terminal, rows, &r->table);
    if (r->events) {
        mt_scopes_events_print(&terminal, rows->profile, &r->table);
        return 0;
    }
    if (r->callers || r->callees)
        return mt_calls_table_print(&terminal, rows, r->callers ? MT_ARCS_CALLERS : MT_ARCS_CALLEES,
                                    &r->table, error);
    if (r->details)
        mt_scopes_details_print(&terminal, rows, &r->table);
    else
        mt_scopes_table_print_rows(&terminal, rows, &r->table);
    mt_scopes_events_print_open(&terminal, rows, &r->table);
    mt_figures_table_print(&terminal, rows, &r->table);
    return 0;
}

static int print(const struct request *r, const struct mt_scopes_rows *rows,
                 struct mt_error *error) {
    struct mt_export thing = {.what = MT_EXPORT_SCOPES,
                              .scopes = {rows, r->table.n, r->callers, r->callees}};
    if (r->events)
        thing = (struct mt_export){
            .what = MT_EXPORT_EVENTS,
            .events = {rows->profile, r->table.n},
        };
    if (r->shared.json || r->shared.csv)
        return mt_export(stdout, &thing, r->shared.json ? MT_EXPORT_JSON : MT_EXPORT_CSV, error);
    return print_text(r, rows, error);
}

/* One profile gets the names of functions alone, which is all that is shown of them. */
static int read(const struct request *r, const struct mt_input_wanted *wanted,
                struct mt_profile **profile, struct mt_error *error) {
    struct mt_processes processes;
    int rc = r->n_files == 1
                 ? mt_input_read_run(r->files[0], wanted, &processes, profile, error)
                 : mt_inputs_read(r->files, r->n_files, wanted, &processes, profile, error);
    mt_processes_free(&processes);
    if (rc == 0 && r->n_files == 1 && (*profile)->info.scopes.n_functions)
        rc = mt_symbols_resolve(*profile, &r->shared.symbols, error);
    return rc;
}

static int show(const struct request *r, struct mt_error *error) {
    struct mt_profile *profile = NULL;
    struct mt_scopes_rows *rows = NULL;
    const struct mt_scopes_filter filter = {r->include.items, r->exclude.items, r->include.n,
                                            r->exclude.n,     r->slower_ns,     r->larger_bytes};
    const struct mt_input_wanted wanted = {
        .keep = {.scopes = true, .scopes_apart = r->by_process},
        .tree = r->shared.tree,
        .symbols = &r->shared.symbols,
    };
    int rc = read(r, &wanted, &profile, error);
    if (rc == 0)
        rc = mt_scopes_rows_build(profile, r->sort, &rows, error);
    if (rc == 0) {
        mt_scopes_filter_profile(&filter, profile);
        mt_scopes_filter_rows(&filter, rows);
    }
    if (rc == 0)
        rc = write_files(r, profile, error);
    if (rc == 0 && n_to_stdout(r) == 0)
        rc = print(r, rows, error);
    mt_scopes_rows_free(rows);
    mt_profile_free(profile);
    return rc;
}

/* Finds the profiles that the arguments stand for. False: *result is the exit status, and it has
 * been said why. */
static bool find_profiles(struct request *r, int *result) {
    size_t n = r->n_files ? r->n_files : 1;
    char **paths = calloc(n, sizeof *paths);
    bool found = paths != NULL;
    if (!found)
        *result = mt_command_exit_status(-MEMTRACK_ENOMEM);
    for (size_t i = 0; i < n && found; i++) {
        paths[i] = mt_input_choose_run(r->shared.program, r->n_files ? r->files[i] : NULL,
                                       r->shared.tree, result);
        found = paths[i] != NULL;
    }
    free(r->files);
    r->files = paths;
    r->n_files = paths ? n : 0;
    return found;
}

static void free_request(struct request *r) {
    for (size_t i = 0; i < r->n_files; i++)
        free(r->files[i]);
    free(r->files);
    free(r->include.items);
    free(r->exclude.items);
}

int mt_scopes_command(int argc, char **argv) {
    struct request r = {.shared.program = argv[0]};
    struct mt_error error = {{0}, {0}};
    int result = MT_EXIT_OK;
    mt_help_parse(&mt_scopes_argp, argc, argv, 0, &r);
    if (find_profiles(&r, &result))
        result = mt_command_end(r.shared.program, show(&r, &error), &error);
    free_request(&r);
    return result;
}
