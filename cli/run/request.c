/* SPDX-License-Identifier: MIT */
/*
 * The command line of run. Options end at the first word that is none: what follows belongs to the
 * program. A mistake ends with 125, since every other status could be the program's.
 */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/settings.h"
#include "command/help.h"
#include "command/options.h"
#include "launch/target.h"
#include "profile/pprof/output.h"
#include "run/request.h"
#include "run/triggers.h"
#include "view/format/format.h"

enum { MOST_FRAMES = 8192 }; /* what the recorder keeps at most */

enum key {
    KEY_FOLLOW = 256,
    KEY_PYTHON,
    KEY_ONLY,
    KEY_SAMPLE,
    KEY_ALLOCATOR,
    KEY_FRAMES,
    KEY_SCOPE_SAMPLE,
    KEY_MAX_LEDGER,
    KEY_EXACT_PEAK,
    KEY_USABLE,
    KEY_ALLOCATOR_STATS,
    KEY_DORMANT,
    KEY_MMAP,
    KEY_LIMIT_PEAK,
    KEY_LINES,
};

static const struct argp_option table[] = {
    {0, 0, 0, 0, "Profiles:", 1},
    {"output", 'o', "FILE|DIR/", MT_HELP_COMMON,
     "Write the profile to FILE (default: " MT_OUTPUT_DEFAULT
     "). %p is the pid, %e the program, %h the host, %t the start time. Names for children get "
     "their pid. DIR/ gets a profile for each process and an index, as a run of several "
     "processes does without -o: memtrack.PROGRAM.PID/",
     1},
    {"force", MT_KEY_FORCE, 0, MT_HELP_COMMON, "Replace an existing file", 1},
    {"quiet", MT_KEY_QUIET, 0, MT_HELP_COMMON, "Print no summary, only problems", 1},
    {"verbose", MT_KEY_VERBOSE, 0, MT_HELP_COMMON, MT_HELP_VERBOSE, 1},
    {"json", MT_KEY_JSON, 0, MT_HELP_COMMON, "Print the summary as JSON, to standard error", 1},
    {"color", MT_KEY_COLOR, MT_ARG_COLOR, 0, MT_HELP_COLOR, 1},
    {0, 0, 0, 0, "Recording:", 2},
    {"follow", KEY_FOLLOW, "yes|no", MT_HELP_COMMON, "Record the children too (default: yes)", 2},
    {"only", KEY_ONLY, "PATTERN", MT_HELP_COMMON,
     "Record only the programs whose name or path matches (repeatable); the others cost next to "
     "nothing",
     2},
    {"frames", KEY_FRAMES, "N", 0, "Keep at most N frames of a call path (default: 1024)", 2},
    {"max-ledger", KEY_MAX_LEDGER, "BYTES", 0,
     "Bound the size of the ledger, 0 for no bound (default: an eighth of the memory "
     "limit, if there is one). Call paths that are new beyond it count as one",
     2},
    {"exact-peak", KEY_EXACT_PEAK, 0, 0, "Make the peak exact with several threads, at a cost", 2},
    {"usable", KEY_USABLE, 0, MT_HELP_COMMON,
     "Measure what the allocator rounds up (the column waste), at a cost", 2},
    {"allocator-stats", KEY_ALLOCATOR_STATS, 0, 0,
     "Ask the allocator for its own figures at exit, in a copy of the process", 2},
    {"lines", KEY_LINES, "FUNCTION|FILE", 0,
     "Record the functions that match (repeatable) line by line: what each line changes, and how "
     "often and how long it runs if it is built for it. Frees cost as much as allocations then",
     2},
    {"mmap", KEY_MMAP, 0, MT_HELP_COMMON,
     "Record what the program maps itself too, as domains mmap and mmap-file", 2},
    {"python", KEY_PYTHON, "yes|no", 0,
     "Read which line of Python allocates, of CPython 3.11 to 3.13 (default: yes)", 2},
    {"dormant", KEY_DORMANT, 0, 0, "Begin with recording off; memtrack attach PID switches it on",
     2},
    {"sample", KEY_SAMPLE, "BYTES", MT_HELP_COMMON,
     "Record one allocation in about BYTES, for less overhead. All figures become estimates", 2},
    {"scope-sample", KEY_SCOPE_SAMPLE, "N", 0,
     "Measure one scope in N, at random, and only count the others. Sums of scopes become "
     "estimates",
     2},
    {"for", MT_KEY_FOR, "DUR", 0,
     "Switch recording off after DUR. The program goes on, and its profile is written at its end",
     2},
    {"limit-peak", KEY_LIMIT_PEAK, "SIZE", 0,
     "Let no process have more than SIZE live: the allocation that would exceed it fails, as with "
     "SIZE:fail. With SIZE:abort it ends the program, and its call path is told. With --mmap, "
     "mappings count too",
     2},
    {"interval", MT_KEY_INTERVAL, "DUR", 0,
     "Take a point of the time axis so often (default: 10ms, longer in long runs)", 2},
    {"allocator", KEY_ALLOCATOR, "jemalloc|tcmalloc|mimalloc|FILE", MT_HELP_COMMON,
     "Run the program on this allocator, or on the library FILE", 2},
    {0, 0, 0, 0, "Charging, here and in later views of the profiles:", 4},
    MT_CHARGED_OPTIONS(4, 0),
    {0, 0, 0, 0, "Names:", 5},
    MT_SYMBOL_OPTIONS(5),
    {0}};

/* The text lives until the process ends. */
static void add_only(const char *text, struct mt_run_request *o, const struct argp_state *state) {
    char *longer;
    if (!*text || strchr(text, ':'))
        argp_error(state, "--only %s: needs a pattern without a colon, such as 'cc1*'", text);
    if (asprintf(&longer, "%s%s%s", o->only ? o->only : "", o->only ? ":" : "", text) < 0)
        longer = NULL;
    free(o->only);
    o->only = longer;
    if (!longer || strlen(longer) > MT_ONLY_MAX_BYTES)
        argp_error(state, "--only %s: needs fewer patterns (%d bytes in all)", text,
                   MT_ONLY_MAX_BYTES);
}

/* 0 is no bound. */
static uint64_t parse_max_ledger(const char *text, const struct argp_state *state) {
    return strcmp(text, "0") == 0 ? 0 : mt_options_size(state, "--max-ledger", text, "64M or 0");
}

/* The text is the command line's, and gets a NUL in place of its colon. */
static void parse_limit(char *text, struct mt_run_request *o, const struct argp_state *state) {
    char *colon = strrchr(text, ':');
    if (colon) {
        if (strcmp(colon + 1, "fail") != 0 && strcmp(colon + 1, "abort") != 0)
            argp_error(state, "--limit-peak %s: needs one of fail|abort behind the colon", text);
        o->limit_aborts = strcmp(colon + 1, "abort") == 0;
        *colon = 0;
    }
    o->limit_peak = mt_options_size(state, "--limit-peak", text, "64M or 64M:abort");
    if (o->limit_peak == 0)
        argp_error(state, "--limit-peak 0 would let no allocation succeed");
}

static bool set_flag(int key, struct mt_run_request *o) {
    const struct mt_options_flag flags[] = {
        {KEY_EXACT_PEAK, &o->exact_peak},
        {KEY_USABLE, &o->usable},
        {KEY_ALLOCATOR_STATS, &o->allocator_stats},
        {KEY_MMAP, &o->mmap},
        {KEY_DORMANT, &o->dormant},
    };
    return mt_options_set_flag(key, flags, sizeof flags / sizeof *flags);
}

static error_t parse_recording(int key, char *value, struct argp_state *state) {
    struct mt_run_request *o = state->input;
    switch (key) {
    case KEY_ONLY:
        add_only(value, o, state);
        return 0;
    case KEY_FOLLOW:
        o->follow = mt_options_answer(state, "--follow", value);
        return 0;
    case KEY_PYTHON:
        o->python = mt_options_answer(state, "--python", value);
        return 0;
    case KEY_SCOPE_SAMPLE:
        o->scope_sample = mt_options_number(state, "--scope-sample", value, 1, 1 << 20);
        return 0;
    case KEY_FRAMES:
        o->frames = mt_options_number(state, "--frames", value, 1, MOST_FRAMES);
        return 0;
    case KEY_MAX_LEDGER:
        o->max_ledger = parse_max_ledger(value, state);
        return 0;
    case KEY_SAMPLE:
        o->sample_bytes = mt_options_size(state, "--sample", value, "512K");
        return 0;
    case KEY_LINES:
        mt_options_pattern(state, "--lines", "a function or a file", value, &o->lines, &o->n_lines);
        return 0;
    case KEY_ALLOCATOR:
        o->allocator = value;
        return 0;
    case KEY_LIMIT_PEAK:
        parse_limit(value, o, state);
        return 0;
    default:
        return set_flag(key, o) ? 0 : ARGP_ERR_UNKNOWN;
    }
}

static error_t parse(int key, char *value, struct argp_state *state) {
    struct mt_run_request *o = state->input;
    switch (key) {
    case 'o':
        o->output = value;
        return 0;
    case ARGP_KEY_INIT:
        state->child_inputs[0] = o->triggers;
        return 0;
    case ARGP_KEY_ARGS:
        o->program = state->argv + state->next;
        return 0;
    default:
        return mt_options_parse(key, value, state, &o->shared) ||
                       mt_charged_parse(key, value, state, &o->charged)
                   ? 0
                   : parse_recording(key, value, state);
    }
}

static const struct argp_child children[] = {{&mt_run_triggers_argp, 0, "Triggers:", 3}, {0}};
const struct argp mt_run_request_argp = {
    .options = table,
    .children = children,
    .parser = parse,
    .args_doc = "PROGRAM [ARGUMENT...]",
    .doc = "Run PROGRAM, record its allocations and those of its children, and print a "
           "summary. Each process leaves a profile. Input, output, signals and exit status "
           "are the program's own.\vExample: memtrack run -o app.pb.gz -- ./app --config "
           "x\n\nExit status: that of the program (128 + N when signal N ended it). 125: "
           "memtrack failed. 126: the program cannot be executed. 127: it was not found.",
};

/* A slash at its end makes it the name of a directory. */
static int check_output(const char *output, struct mt_error *error) {
    size_t n = strlen(output);
    if (n < 2 || output[n - 1] != '/')
        return mt_output_check_pattern(output, error);
    char *name = strndup(output, n - 1);
    int rc = name ? mt_output_check_pattern(name, error)
                  : mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory");
    free(name);
    return rc;
}

int mt_run_request_parse(int argc, char **argv, struct mt_run_request *options) {
    struct mt_error error;
    *options = (struct mt_run_request){.shared.program = argv[0],
                                       .follow = true,
                                       .python = true,
                                       .max_ledger = UINT64_MAX,
                                       .triggers = mt_trigger_new()};
    if (!options->triggers) {
        mt_terminal_print_problem(argv[0], NULL, "out of memory");
        return MT_EXIT_FAILED;
    }
    argp_err_exit_status = MT_EXIT_FAILED;
    if (mt_help_parse(&mt_run_request_argp, argc, argv, ARGP_IN_ORDER, options) != 0)
        return MT_EXIT_FAILED;
    if (!options->program || !options->program[0] || !options->program[0][0]) {
        mt_terminal_print_problem(argv[0], "For example: memtrack run -- ls -l.",
                                  "give a program to run");
        return MT_EXIT_FAILED;
    }
    if (options->output && check_output(options->output, &error) != 0) {
        mt_terminal_print_error(argv[0], &error);
        return MT_EXIT_FAILED;
    }
    if (options->limit_peak && options->sample_bytes) {
        mt_terminal_print_problem(argv[0], "Leave one of them out.",
                                  "--limit-peak: needs every allocation, and --sample leaves most "
                                  "of them out");
        return MT_EXIT_FAILED;
    }
    if (options->n_lines && options->sample_bytes) {
        mt_terminal_print_problem(argv[0], "Leave one of the two out.",
                                  "--lines counts what each line changes, of which --sample sees "
                                  "a part");
        return MT_EXIT_FAILED;
    }
    mt_charged_complete(argv[0], &options->charged);
    return 0;
}
