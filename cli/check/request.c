/* SPDX-License-Identifier: MIT */
/*
 * The command line of check. Options may follow the files, as in other commands that read profiles;
 * with --run the first word that is no option begins a command line that is not ours to parse. So
 * words are taken in order.
 */
#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "check/request.h"
#include "command/command.h"
#include "command/help.h"
#include "command/options.h"
#include "view/format/format.h"

#define DEFAULT_TOLERANCE_PERCENT 5.0

enum key {
    KEY_MAX_PEAK = 256,
    KEY_MAX_LIVE,
    KEY_MAX_TOTAL,
    KEY_MAX_TOTAL_BLOCKS,
    KEY_NO_LEAKS,
    KEY_COUNT_RUNTIME,
    KEY_IGNORE,
    KEY_SCOPE,
    KEY_BASELINE,
    KEY_TOLERANCE,
    KEY_STRICT,
    KEY_RUN,
    KEY_PROFILES,
    KEY_MMAP,
    KEY_PROCESS,
    KEY_JUNIT,
    KEY_FORMAT,
    KEY_GITHUB,
};

static const struct argp_option table[] = {
    {NULL, 0, NULL, 0, "Budgets:", 1},
    {"max-peak", KEY_MAX_PEAK, "SIZE", MT_HELP_COMMON, "Allow at most SIZE bytes at one time", 0},
    {"max-live", KEY_MAX_LIVE, "SIZE", MT_HELP_COMMON, "Allow at most SIZE bytes live at the end",
     0},
    {"max-total", KEY_MAX_TOTAL, "SIZE", MT_HELP_COMMON,
     "Allow at most SIZE bytes allocated, freed or not", 0},
    {"max-total-blocks", KEY_MAX_TOTAL_BLOCKS, "N", 0, "Allow at most N allocations", 0},
    {"no-leaks", KEY_NO_LEAKS, NULL, MT_HELP_COMMON,
     "Allow no live blocks at the end. Those that the C, C++ and Rust runtimes keep for "
     "themselves do not count",
     0},
    {"count-runtime", KEY_COUNT_RUNTIME, NULL, 0,
     "With --no-leaks: count what the runtimes keep too", 0},
    {"ignore", KEY_IGNORE, "PATTERN", 0,
     "Ignore leaks that a matching function, file or module allocated (repeatable)", 0},
    {"scope", KEY_SCOPE, "NAME:STATISTIC=LIMIT", MT_HELP_COMMON,
     "Limit every run of a scope, such as parse:peak=10M,p95=20ms (repeatable). The statistics "
     "are peak, net and allocated (bytes), blocks, duration and cpu (times), and errors. Over all "
     "runs: mean, p50 and p95 of the durations",
     0},
    {"strict", KEY_STRICT, NULL, 0,
     "Fail if a recording is not complete. Sampled or approximate figures, and a process that "
     "was killed or still runs, count as such",
     0},
    {NULL, 0, NULL, 0, "Baseline:", 2},
    {"baseline", KEY_BASELINE, "PROFILE", MT_HELP_COMMON,
     "Allow no more peak, live and total blocks than PROFILE has. Of several profiles, those "
     "of the program of PROFILE are compared",
     0},
    {"tolerance", KEY_TOLERANCE, "PERCENT", MT_HELP_COMMON,
     "Allow so much more than the baseline (default: 5)", 0},
    {NULL, 0, NULL, 0, "Input:", 3},
    {"run", KEY_RUN, NULL, MT_HELP_COMMON, "Run a program, and check it and its children", 0},
    {"profiles", KEY_PROFILES, "DIR", 0,
     "With --run: keep the profiles in DIR, and replace those of the last run", 0},
    {"mmap", KEY_MMAP, NULL, 0,
     "With --run: record what the program maps itself too, as domains mmap and mmap-file", 0},
    {"process", KEY_PROCESS, "PATTERN", MT_HELP_COMMON,
     "Check only processes whose program matches, such as 'test_*' (repeatable). The name or "
     "the path may match. A run that has none fails",
     0},
    {NULL, 0, NULL, 0, "Output:", 4},
    {"junit", KEY_JUNIT, "FILE", MT_HELP_COMMON, "Write JUnit's XML to FILE as well", 0},
    {"json", MT_KEY_JSON, NULL, MT_HELP_COMMON,
     "Print JSON. With --run it goes to standard error, because standard output is the "
     "program's",
     0},
    {"format", KEY_FORMAT, "text|json|junit|markdown|github", MT_HELP_COMMON,
     "Print in this format (default: text). github is annotations of a workflow", 0},
    {"github", KEY_GITHUB, NULL, MT_HELP_COMMON,
     "Print annotations of a GitHub workflow as well. The ten worst budgets have one. A table of "
     "all is appended to the file that GITHUB_STEP_SUMMARY names, if any",
     0},
    {"quiet", MT_KEY_QUIET, NULL, MT_HELP_COMMON, "Print only failures", 0},
    {"verbose", 'v', NULL, 0, "Print the budgets that are kept too", 0},
    {"color", MT_KEY_COLOR, MT_ARG_COLOR, 0, MT_HELP_COLOR, 0},
    {NULL, 0, NULL, 0, "Charging:", 5},
    MT_CHARGED_OPTIONS(0, 0),
    {NULL, 0, NULL, 0, "Names:", 6},
    MT_SYMBOL_OPTIONS(0),
    {0},
};

/* Room for one more; ends the process when there is none. */
static void grow(struct argp_state *state, void *items, size_t n, size_t item_bytes) {
    if (!mt_array_grow(items, n, item_bytes))
        argp_failure(state, MT_EXIT_USAGE, 0, "out of memory");
}

static void add_budget(struct argp_state *state, struct mt_check_request *o, enum mt_budget_of of,
                       uint64_t limit) {
    grow(state, &o->budgets, o->n_budgets, sizeof *o->budgets);
    o->budgets[o->n_budgets++] = (struct mt_budget){.of = of, .limit = limit};
}

static uint64_t parse_limit(struct argp_state *state, const char *option, const char *text) {
    uint64_t limit;
    if (!mt_format_parse_size(text, &limit))
        argp_error(state, "--%s %s: needs a number, such as 1000 or 10M", option, text);
    return limit;
}

static error_t parse_budget(int key, const char *text, struct argp_state *state) {
    struct mt_check_request *o = state->input;
    struct mt_error error;
    switch (key) {
    case KEY_MAX_PEAK:
        add_budget(state, o, MT_BUDGET_PEAK, parse_limit(state, "max-peak", text));
        return 0;
    case KEY_MAX_LIVE:
        add_budget(state, o, MT_BUDGET_LIVE, parse_limit(state, "max-live", text));
        return 0;
    case KEY_MAX_TOTAL:
        add_budget(state, o, MT_BUDGET_TOTAL, parse_limit(state, "max-total", text));
        return 0;
    case KEY_MAX_TOTAL_BLOCKS:
        add_budget(state, o, MT_BUDGET_TOTAL_BLOCKS, parse_limit(state, "max-total-blocks", text));
        return 0;
    case KEY_NO_LEAKS:
        add_budget(state, o, MT_BUDGET_LEAKS, 0);
        return 0;
    case KEY_IGNORE:
        grow(state, &o->ignored, o->n_ignored, sizeof *o->ignored);
        o->ignored[o->n_ignored++] = text;
        return 0;
    case KEY_PROCESS:
        grow(state, &o->processes, o->n_processes, sizeof *o->processes);
        o->processes[o->n_processes++] = text;
        return 0;
    case KEY_SCOPE:
        if (mt_budget_parse_scope(text, &o->budgets, &o->n_budgets, &error) != 0)
            argp_error(state, "--scope %s\n  %s", error.message, error.hint);
        return 0;
    case KEY_BASELINE:
        if (o->baseline)
            argp_error(state, "give one --baseline (got %s and %s)", o->baseline, text);
        o->baseline = text;
        return 0;
    case KEY_TOLERANCE:
        o->tolerance_percent = mt_options_percent(state, "--tolerance", text);
        o->tolerance_given = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void parse_format(const struct argp_state *state, const char *text,
                         struct mt_check_request *o) {
    bool known = strcmp(text, "text") == 0;
    o->has_format = !known;
    for (enum mt_export_format format = 0; format < MT_N_EXPORT_FORMATS && !known; format++)
        if (mt_export_has(MT_EXPORT_CHECK, format) &&
            strcmp(text, mt_export_format_name(format)) == 0) {
            o->format = format;
            known = true;
        }
    if (!known)
        argp_error(state, "--format %s: needs one of text|json|junit|markdown|github", text);
    o->format_given = true;
}

static bool set_flag(int key, struct mt_check_request *o) {
    const struct mt_options_flag flags[] = {
        {KEY_STRICT, &o->strict}, {KEY_COUNT_RUNTIME, &o->count_runtime},
        {KEY_RUN, &o->run},       {KEY_MMAP, &o->mmap},
        {KEY_GITHUB, &o->github}, {'v', &o->verbose}};
    return mt_options_set_flag(key, flags, sizeof flags / sizeof *flags);
}

static void take_word(struct argp_state *state, struct mt_check_request *o, const char *word) {
    if (o->run) {
        o->program = state->argv + state->next - 1;
        state->next = state->argc;
        return;
    }
    grow(state, &o->files, o->n_files, sizeof *o->files);
    o->files[o->n_files++] = word;
}

static void check_together(struct argp_state *state, const struct mt_check_request *o) {
    if (o->run && o->n_files)
        argp_error(state, "--run comes before the program: memtrack check --run [OPTION...] -- %s",
                   o->files[0]);
    if (o->run && (!o->program || !o->program[0][0]))
        argp_error(state, "--run: give a program to run");
    if (!o->run && !o->n_files)
        argp_error(state, "give profiles to check, or a program with --run");
    if (!o->n_budgets && !o->baseline && !o->strict)
        argp_error(state, "give a budget, such as --max-peak 10M, --no-leaks or --baseline FILE");
    if (o->tolerance_given && !o->baseline)
        argp_error(state, "--tolerance needs --baseline");
    if (o->profiles && !o->run)
        argp_error(state, "--profiles needs --run");
    if (o->mmap && !o->run)
        argp_error(state, "--mmap needs --run");
    if (o->shared.quiet && o->verbose)
        argp_error(state, "--quiet and --verbose exclude each other");
    if (o->shared.json && o->format_given && (!o->has_format || o->format != MT_EXPORT_JSON))
        argp_error(state, "--json and --format %s exclude each other",
                   o->has_format ? mt_export_format_name(o->format) : "text");
    if (o->github && (o->has_format || o->shared.json))
        argp_error(state, "--github is for text: give --format github for annotations alone");
}

/* --json is --format json. */
static void complete(struct mt_check_request *o) {
    if (o->shared.json) {
        o->has_format = true;
        o->format = MT_EXPORT_JSON;
    }
}

static error_t parse(int key, char *text, struct argp_state *state) {
    struct mt_check_request *o = state->input;
    switch (key) {
    case KEY_PROFILES:
        o->profiles = text;
        return 0;
    case KEY_JUNIT:
        if (strcmp(text, "-") == 0)
            argp_error(state,
                       "--junit -: give a file, such as memory.xml; --format junit prints it");
        o->junit = text;
        return 0;
    case KEY_FORMAT:
        parse_format(state, text, o);
        return 0;
    case ARGP_KEY_ARG:
        take_word(state, o, text);
        return 0;
    case ARGP_KEY_END:
        check_together(state, o);
        complete(o);
        return 0;
    default:
        if (set_flag(key, o) || mt_options_parse(key, text, state, &o->shared) ||
            mt_charged_parse(key, text, state, &o->charged))
            return 0;
        return parse_budget(key, text, state);
    }
}

const struct argp mt_check_request_argp = {
    .options = table,
    .parser = parse,
    .args_doc = "FILE...\n--run [--] PROGRAM [ARGUMENT...]",
    .doc = "Hold profiles against budgets, for tests and CI. Print each budget that is "
           "broken.\vExample: memtrack check --max-peak 64M --no-leaks --run -- "
           "./test\n\nFILE is a profile of memtrack run, the PID of a recorded process, or "
           "another tool's heap profile in pprof's format. Of the directory of a run each "
           "process is checked. Sizes take K, M and G (powers of 1024). A budget for which a "
           "profile has no figure is not kept.\n\nExit status: 0 all budgets are kept, 1 one "
           "is not, 2 wrong usage, 3 a profile cannot be read. With --run a program that fails "
           "ends it with the program's own status, as memtrack run does.",
};

void mt_check_request_parse(int argc, char **argv, struct mt_check_request *options) {
    *options = (struct mt_check_request){.shared.program = argv[0],
                                         .tolerance_percent = DEFAULT_TOLERANCE_PERCENT};
    mt_help_parse(&mt_check_request_argp, argc, argv, ARGP_IN_ORDER, options);
    mt_charged_complete(argv[0], &options->charged);
}

/* The budgets of one --scope share their name. */
void mt_check_request_free(struct mt_check_request *options) {
    for (size_t i = 0; i < options->n_budgets; i++)
        if (options->budgets[i].scope &&
            (i == 0 || options->budgets[i - 1].scope != options->budgets[i].scope))
            free((char *)options->budgets[i].scope);
    free(options->budgets);
    free(options->files);
    free(options->ignored);
    free(options->processes);
    mt_charged_free(&options->charged);
}
