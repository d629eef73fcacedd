/* SPDX-License-Identifier: MIT */
/*
 * memtrack timeline: collect the profiles that are meant, put their ticks on one clock, print. What
 * is shown follows from what is named: of one process its figures, of several the heap of each,
 * with --tree their sum.
 */
#include <argp.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command/charged.h"
#include "command/command.h"
#include "command/help.h"
#include "command/input.h"
#include "command/options.h"
#include "export/export.h"
#include "profile/called.h"
#include "profile/join/join.h"
#include "text/file.h"
#include "text/pager.h"
#include "text/terminal.h"
#include "timeline/profiles.h"
#include "timeline/text.h"
#include "view/format/format.h"
#include "view/subject.h"
#include "view/symbols/symbols.h"
#include "view/timeline/breakdown.h"
#include "watch/live_tree.h"
#include "watch/past.h"
#include "watch/watch.h"
#include "watch/watch_tree.h"

#define NS_PER_MS UINT64_C(1000000)

enum {
    SVG_WIDTH = 960,
    SVG_HEIGHT = 420,
    MOST_LAYERS = 12,
    MOMENTS = 600,
};

enum key {
    KEY_OVERLAY = 256,
    KEY_COMPOSITION,
    KEY_BY,
    KEY_SVG,
    KEY_TRACE,
    KEY_EVENTS,
};

static const struct argp_option table[] = {
    {NULL, 0, NULL, 0, "Contents:", 1},
    {"tree", MT_KEY_TREE, NULL, MT_HELP_COMMON,
     "Show the sum over all processes: those that are named, those of the newest run in DIR, or "
     "PID and all that descend from it",
     0},
    {"overlay", KEY_OVERLAY, NULL, MT_HELP_COMMON,
     "Compare profiles of different times: each begins at 0. A tree that memtrack watch has seen "
     "is one of them, and then all are shown by their RSS",
     0},
    {"composition", KEY_COMPOSITION, "N", MT_HELP_COMMON,
     "Show the N lines that held most, and everything else. N is at most 12. Needs one "
     "process or --tree, and --svg, --csv or --json",
     0},
    {"by", KEY_BY, "line|function|file|module|thread|size|domain", 0,
     "With --composition: group by this (default: line)", 0},
    MT_CHARGED_OPTIONS(0, 0),
    {NULL, 0, NULL, 0, "Output:", 2},
    {"svg", KEY_SVG, "FILE", MT_HELP_COMMON, "Write a chart as an SVG file; - is standard output",
     0},
    {"trace", KEY_TRACE, "FILE", MT_HELP_COMMON,
     "Write a trace for ui.perfetto.dev or chrome://tracing. It has the heap, scopes, marks "
     "and counters of all processes. - is standard output",
     0},
    {"force", MT_KEY_FORCE, NULL, 0, "Replace an existing FILE", 0},
    {"csv", MT_KEY_CSV, NULL, MT_HELP_COMMON, "Print CSV: a row for each tick", 0},
    {"events", KEY_EVENTS, NULL, 0,
     "With --csv: print a row for each scope, mark and counter instead", 0},
    {"json", MT_KEY_JSON, NULL, MT_HELP_COMMON, "Print JSON", 0},
    {"width", MT_KEY_WIDTH, "N", 0,
     "Make the chart N columns wide (default: those of the terminal), or the SVG N "
     "pixels (default: 960)",
     0},
    {"height", MT_KEY_HEIGHT, "N", 0,
     "Make the chart N rows high (default: 20), or the SVG N pixels (default: 420)", 0},
    {"color", MT_KEY_COLOR, MT_ARG_COLOR, 0, MT_HELP_COLOR, 0},
    {"verbose", MT_KEY_VERBOSE, NULL, 0, MT_HELP_VERBOSE, 0},
    {"no-pager", MT_KEY_NO_PAGER, NULL, 0, MT_HELP_NO_PAGER, 0},
    {NULL, 0, NULL, 0, "Of a running process:", 3},
    {"for", MT_KEY_FOR, "DUR", MT_HELP_COMMON,
     "Watch a running process so long (default: 10s), or until it ends or Ctrl-C is pressed", 0},
    {"interval", MT_KEY_INTERVAL, "DUR", MT_HELP_COMMON,
     "Look at a running process so often (default: 100ms)", 0},
    {NULL, 0, NULL, 0, "Names:", 4},
    MT_SYMBOL_OPTIONS(0),
    {0},
};

struct request {
    struct mt_options_shared shared;
    struct mt_charged charged;
    char **names;
    size_t n_names;
    bool overlay, events;
    const char *svg, *trace;
    size_t layers; /* 0: no composition */
    struct mt_view_options view;
    bool by_given;
    bool is_watching_given;
};

/* ---- options --------------------------------------------------------------------------------- */

static void check(const struct argp_state *state, const struct request *r) {
    if ((r->shared.json != 0) + (r->shared.csv != 0) + (r->svg != NULL) + (r->trace != NULL) > 1)
        argp_error(state, "--svg, --trace, --json and --csv exclude each other");
    if (r->events && (!r->shared.csv || r->layers))
        argp_error(state, "--events needs --csv, and excludes --composition");
    if (r->shared.force && !r->svg && !r->trace)
        argp_error(state, "--force needs --svg or --trace");
    if (r->layers && !r->svg && !r->shared.json && !r->shared.csv)
        argp_error(state, "--composition needs --svg, --json or --csv");
    if (r->overlay && (r->shared.tree || r->layers))
        argp_error(state, "--overlay excludes --tree and --composition");
    if (r->by_given && !r->layers)
        argp_error(state, "--by needs --composition");
}

static error_t parse_print_option(int key, const char *text, struct request *r) {
    switch (key) {
    case KEY_SVG:
        r->svg = text;
        return 0;
    case KEY_TRACE:
        r->trace = text;
        return 0;
    case KEY_EVENTS:
        r->events = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t parse_option(int key, char *text, struct argp_state *state) {
    struct request *r = state->input;
    switch (key) {
    case KEY_OVERLAY:
        r->overlay = true;
        return 0;
    case KEY_COMPOSITION:
        r->layers = mt_options_number(state, "--composition", text, 1, MOST_LAYERS);
        return 0;
    case KEY_BY:
        if (!mt_group_by_parse(text, &r->view.by))
            mt_options_choose(state, "--by", text, mt_group_by_list);
        r->by_given = true;
        return 0;
    case ARGP_KEY_ARGS:
        r->names = state->argv + state->next;
        r->n_names = (size_t)(state->argc - state->next);
        return 0;
    case ARGP_KEY_END:
        check(state, r);
        return 0;
    default:
        return mt_options_parse(key, text, state, &r->shared) ||
                       mt_charged_parse(key, text, state, &r->charged)
                   ? 0
                   : parse_print_option(key, text, r);
    }
}

const struct argp mt_timeline_argp = {
    .options = table,
    .parser = parse_option,
    .args_doc = "[FILE...|DIR|PID]",
    .doc = "Show memory over time: the heap, and what the system says the process used (RSS, PSS, "
           "swap)."
           "\vExample: memtrack timeline --svg app.svg app.pb.gz\n\n"
           "For one profile all figures are shown, and for several the heap of each on a "
           "common clock. DIR stands for the newest profile in it and those of its parents "
           "and children; when nothing is given, the current directory is taken. When a "
           "process has several profiles, snapshots for instance, the one that goes furthest "
           "is taken. Of a running process the past is shown where memtrack run watches it; else "
           "it is "
           "watched from now on."
           "\n\nEvery output says its resolution. In long runs the older points are further "
           "apart, and the point that is kept of an interval is its highest."
           "\n\nExit status: 0, 2 wrong usage, 3 a profile cannot be read.",
};

/* Without --for and --interval, the past of a process comes first. */
static void complete(struct request *r) {
    r->is_watching_given = r->shared.for_ns || r->shared.interval_ns;
    if (!r->shared.for_ns)
        r->shared.for_ns = 10000 * NS_PER_MS;
    if (!r->shared.interval_ns)
        r->shared.interval_ns = 100 * NS_PER_MS;
}

/* ---- input ----------------------------------------------------------------------------------- */

static bool is_directory(const char *name) {
    struct stat status;
    return stat(name, &status) == 0 && S_ISDIR(status.st_mode);
}

static int load_directory(const struct request *r, const char *name, struct mt_profiles *profiles,
                          struct mt_error *error) {
    size_t n_unreadable;
    int rc = mt_profiles_of_run(name, profiles, &n_unreadable, error);
    if (rc == 0 && n_unreadable)
        mt_terminal_print_problem(r->shared.program, "memtrack report FILE says why.",
                                  "%zu file%s in %s could not be read", n_unreadable,
                                  n_unreadable == 1 ? "" : "s", name);
    return rc;
}

static void say_watching(const struct request *r, pid_t pid) {
    char duration[MT_FORMAT_BYTES];
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "%s: watching process %d%s for %s; Ctrl-C ends it\n", r->shared.program,
                (int)pid, r->shared.tree ? " and those below it" : "",
                mt_format_duration(duration, r->shared.for_ns));
}

static int add_profile(struct mt_profiles *profiles, struct mt_profile *profile,
                       struct mt_error *error) {
    return mt_profiles_add(profiles, profile) == 0
               ? 0
               : mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
}

/* Of a tree: what is known of its past, or what is seen from now on. Nobody need be watched for
 * that. */
static int read_tree(const struct request *r, pid_t pid, struct mt_profile ***list, size_t *n,
                     struct mt_error *error) {
    struct mt_processes processes;
    bool is_known = false;
    *list = NULL;
    *n = 0;
    if (!r->is_watching_given) {
        int rc = mt_live_tree_profiles(pid, &r->shared.symbols, true, &processes, list, n, error);
        if (rc != 0)
            return rc;
        mt_processes_free(&processes);
        for (size_t i = 0; i < *n; i++)
            is_known |= (*list)[i]->info.n_ticks != 0;
        if (is_known)
            return 0;
        for (size_t i = 0; i < *n; i++)
            mt_profile_free((*list)[i]);
        free(*list);
    }
    say_watching(r, pid);
    return mt_watch_tree_profiles(pid, r->shared.for_ns, r->shared.interval_ns, list, n, error);
}

static int load_tree(const struct request *r, pid_t pid, struct mt_profiles *profiles,
                     struct mt_error *error) {
    struct mt_profile **list;
    size_t n;
    int rc = read_tree(r, pid, &list, &n, error);
    if (rc != 0)
        return rc;
    for (size_t i = 0; i < n; i++)
        if (rc == 0)
            rc = add_profile(profiles, list[i], error);
        else
            mt_profile_free(list[i]);
    free(list);
    return rc;
}

/* What memtrack run has seen of it is there at once; else it is watched from now on. */
static int load_process(const struct request *r, pid_t pid, struct mt_profiles *profiles,
                        struct mt_error *error) {
    struct mt_profile *profile;
    bool is_known = false;
    int rc = 0;
    if (r->shared.tree)
        return load_tree(r, pid, profiles, error);
    if (!r->is_watching_given) {
        rc = mt_past_profile(pid, &profile, &is_known, error);
        if (rc == 0 && !is_known)
            mt_profile_free(profile);
    }
    if (rc == 0 && !is_known) {
        say_watching(r, pid);
        rc = mt_watch_profile(pid, r->shared.for_ns, r->shared.interval_ns, &profile, error);
    }
    return rc == 0 ? add_profile(profiles, profile, error) : rc;
}

static int load_one(const struct request *r, const char *name, struct mt_profiles *profiles,
                    struct mt_error *error) {
    struct mt_profile *profile;
    pid_t pid;
    if (!*name)
        return mt_error_set(error, MEMTRACK_EUSAGE, "",
                            "the name is empty: give a profile, a pid or a directory");
    if (is_directory(name))
        return load_directory(r, name, profiles, error);
    bool is_pid = mt_subject_is_process(name, &pid);
    if (is_pid && r->n_names > 1)
        return mt_error_set(error, MEMTRACK_EUSAGE, "Give it alone, or profiles only.",
                            "process %s is watched by itself", name);
    if (is_pid)
        return load_process(r, pid, profiles, error);
    int rc = strcmp(name, "-") == 0 ? mt_input_read("/dev/stdin", &profile, error)
                                    : mt_input_read(name, &profile, error);
    return rc == 0 ? add_profile(profiles, profile, error) : rc;
}

static int load(const struct request *r, struct mt_profiles *profiles, struct mt_error *error) {
    int rc = 0;
    pid_t pid;
    if (r->is_watching_given && !(r->n_names == 1 && mt_subject_is_process(r->names[0], &pid)))
        return mt_error_set(error, MEMTRACK_EUSAGE, "", "--for and --interval need a pid");
    if (r->n_names == 0) {
        char *run = mt_input_newest_run();
        rc = load_directory(r, run ? run : ".", profiles, error);
        free(run);
        return rc;
    }
    for (size_t i = 0; rc == 0 && i < r->n_names; i++)
        rc = load_one(r, r->names[i], profiles, error);
    return rc;
}

/* A directory may hold snapshots, and nobody asked for those; who names one is told. */
static int drop_earlier(const struct request *r, struct mt_profiles *profiles,
                        struct mt_error *error) {
    size_t n;
    int rc = mt_profiles_drop_earlier(profiles, &n, error);
    if (rc == 0 && n && r->n_names > 1)
        mt_terminal_print_problem(r->shared.program, "To see one, give it alone.",
                                  "%zu profile%s left out: another has more of the same process", n,
                                  n == 1 ? " is" : "s are");
    return rc;
}

/* ---- output ---------------------------------------------------------------------------------- */

static int print_text(const struct request *r, const struct mt_timeline *t) {
    struct mt_terminal terminal;
    const struct mt_timeline_text_options options = {
        .chart = {.width = r->shared.width, .height = r->shared.height},
        .verbose = r->shared.verbose};
    mt_terminal_init(&terminal, stdout, r->shared.color);
    if (!r->shared.no_pager)
        mt_pager_start();
    return mt_timeline_text_print(&terminal, t, &options);
}

/* Into a file that may not be there yet. */
static int write_file(const struct request *r, const char *path, const struct mt_export *thing,
                      enum mt_export_format format, struct mt_error *error) {
    struct mt_file file;
    int rc = mt_file_create(&file, path, r->shared.force, error);
    return rc == 0 ? mt_file_finish(&file, mt_export(file.stream, thing, format, error), error)
                   : rc;
}

static int print(const struct request *r, const struct mt_timeline *t,
                 const struct mt_breakdown *breakdown, struct mt_error *error) {
    const struct mt_export memory = {
        .what = MT_EXPORT_TIMELINE,
        .timeline = {.timeline = t,
                     .breakdown = breakdown,
                     .width = (unsigned)(r->shared.width ? r->shared.width : SVG_WIDTH),
                     .height = (unsigned)(r->shared.height ? r->shared.height : SVG_HEIGHT)},
    };
    const struct mt_export events = {
        .what = MT_EXPORT_TIMELINE_EVENTS,
        .timeline_events = {t},
    };
    if (r->svg)
        return write_file(r, r->svg, &memory, MT_EXPORT_SVG, error);
    if (r->trace)
        return write_file(r, r->trace, &events, MT_EXPORT_TRACE, error);
    if (r->shared.json)
        return mt_export(stdout, &memory, MT_EXPORT_JSON, error);
    if (r->shared.csv)
        return mt_export(stdout, r->events ? &events : &memory, MT_EXPORT_CSV, error);
    return print_text(r, t) == 0 ? 0 : mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
}

/* Profiles of processes that run, and ledgers, name functions that are scopes by their
 * addresses. */
static int name_scopes(const struct request *r, const struct mt_profiles *profiles,
                       struct mt_error *error) {
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < profiles->n; i++)
        if (profiles->items[i]->info.scopes.n_functions)
            rc = mt_symbols_resolve(profiles->items[i], &r->shared.symbols, error);
    return rc;
}

/* Several as one, with their time axis. */
static int join(const struct request *r, const struct mt_profiles *profiles,
                struct mt_profile **joined, struct mt_error *error) {
    const struct mt_merge_keep keep = {.times = true, .threads = r->view.by == MT_BY_THREAD};
    struct mt_merge *merge = mt_join_new(&keep);
    int rc = merge ? 0 : -MEMTRACK_ENOMEM;
    for (size_t i = 0; rc == 0 && i < profiles->n; i++) {
        rc = mt_symbols_resolve(profiles->items[i], &r->shared.symbols, error);
        if (rc == 0)
            rc = mt_merge_add(merge, profiles->items[i], mt_called_name(profiles->items[i]), false);
    }
    if (rc == 0) {
        *joined = mt_merge_finish(merge);
        rc = *joined ? 0 : -MEMTRACK_ENOMEM;
    } else
        mt_merge_free(merge);
    return rc == 0 ? 0
                   : mt_error_set(error, -rc, "Give fewer of them.", "%s while adding up processes",
                                  rc == -MEMTRACK_ENOMEM ? "out of memory"
                                                         : "too much for one profile");
}

static int compose_tree(const struct request *r, const struct mt_profiles *profiles,
                        struct mt_breakdown **breakdown, struct mt_error *error) {
    struct mt_profile *joined = NULL;
    int rc = join(r, profiles, &joined, error);
    if (rc == 0)
        rc = mt_breakdown_build(joined, &r->view, r->layers, MOMENTS, breakdown, error);
    mt_profile_free(joined);
    return rc;
}

static int compose(const struct request *r, const struct mt_profiles *profiles,
                   struct mt_breakdown **breakdown, struct mt_error *error) {
    *breakdown = NULL;
    if (r->layers == 0)
        return 0;
    if (profiles->n > 1)
        return r->shared.tree
                   ? compose_tree(r, profiles, breakdown, error)
                   : mt_error_set(error, MEMTRACK_EUSAGE,
                                  "Give one profile, or add --tree to add them up.",
                                  "--composition needs one process (got %zu)", profiles->n);
    int rc = mt_symbols_resolve(profiles->items[0], &r->shared.symbols, error);
    return rc == 0 ? mt_breakdown_build(profiles->items[0], &r->view, r->layers, MOMENTS, breakdown,
                                        error)
                   : rc;
}

static int show(const struct request *r, struct mt_error *error) {
    struct mt_profiles profiles = {0};
    struct mt_timeline *timeline = NULL;
    struct mt_breakdown *breakdown = NULL;
    int rc = load(r, &profiles, error);
    if (rc == 0 && !r->overlay)
        rc = drop_earlier(r, &profiles, error);
    if (rc == 0)
        rc = name_scopes(r, &profiles, error);
    if (rc == 0 && profiles.n != 0)
        rc = compose(r, &profiles, &breakdown, error);
    const struct mt_profile *const *items = (const struct mt_profile *const *)profiles.items;
    if (rc == 0)
        rc = r->overlay ? mt_timeline_build_aligned(items, profiles.n, &timeline, error)
                        : mt_timeline_build(items, profiles.n, r->shared.tree && profiles.n > 1,
                                            &timeline, error);
    if (rc == 0)
        rc = print(r, timeline, breakdown, error);
    mt_breakdown_free(breakdown);
    mt_timeline_free(timeline);
    mt_profiles_free(&profiles);
    return rc;
}

int mt_timeline_command(int argc, char **argv) {
    struct request r = {
        .shared.program = argv[0],
        .view = {.by = MT_BY_LINE, .sort = MT_VALUE_LIVE_BYTES},
    };
    struct mt_error error = {{0}, {0}};
    mt_help_parse(&mt_timeline_argp, argc, argv, 0, &r);
    complete(&r);
    mt_charged_complete(r.shared.program, &r.charged);
    r.view.wrappers = mt_charged_wrappers(&r.charged);
    int rc = show(&r, &error);
    mt_charged_free(&r.charged);
    return mt_command_end(r.shared.program, rc, &error);
}
