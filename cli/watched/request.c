/* SPDX-License-Identifier: MIT */
/*
 * The command line of watch. A number is a process, unless it stands behind --; everything else is
 * a program, and what follows belongs to it. A mistake ends with 125, as in run, since every other
 * status could be the program's.
 */
#include "watched/request.h"

#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command/help.h"
#include "launch/target.h"
#include "profile/pprof/output.h"
#include "text/terminal.h"
#include "view/format/format.h"
#include "view/subject.h"

#define NS_PER_MS UINT64_C(1000000)
#define MAX_FORMS "2G, pss:2G, uss:512M or swap:1M"

enum key {
    KEY_TIMEOUT = 256,
    KEY_KILL_AFTER,
    KEY_MAX,
    KEY_BACKEND,
    KEY_CHILDREN,
    KEY_INCLUDE,
    KEY_MARKS,
};

static const struct argp_option table[] = {
    {NULL, 0, NULL, 0, "Looking:", 1},
    {"interval", MT_KEY_INTERVAL, "DUR", MT_HELP_COMMON,
     "Look so often (default: 10ms, and less often as time goes by, or when there are many "
     "processes)",
     0},
    {"children", KEY_CHILDREN, "yes|no", MT_HELP_COMMON,
     "Count the processes that it starts, and theirs (default: yes)", 0},
    {"include", KEY_INCLUDE, "PATTERN", MT_HELP_COMMON,
     "Count only processes whose program matches, such as 'cc1*' (repeatable)", 0},
    {"backend", KEY_BACKEND, MT_SAMPLER_BACKENDS, MT_HELP_COMMON,
     "Read this file of /proc at each look. statm: RSS. status: RSS and swap. rollup: RSS, PSS, "
     "USS "
     "and swap, which holds up the process. smaps: the same on old kernels. auto, the default: "
     "statm, and the others now and then",
     0},
    {NULL, 0, NULL, 0, "Ending:", 2},
    {"for", MT_KEY_FOR, "DUR", MT_HELP_COMMON, "Watch so long; the program goes on", 0},
    {"timeout", KEY_TIMEOUT, "DUR", MT_HELP_COMMON,
     "End the processes after so long: SIGTERM, and SIGKILL for those that are still there after "
     "--kill-after",
     0},
    {"max", KEY_MAX, "SIZE|FIGURE:SIZE", MT_HELP_COMMON,
     "End the processes when they use more than SIZE together. FIGURE is rss, pss, uss or swap; "
     "without it, it is what they have in memory, with what they share counted once",
     0},
    {"kill-after", KEY_KILL_AFTER, "DUR", 0,
     "Wait so long between SIGTERM and SIGKILL (default: 5s)", 0},
    {NULL, 0, NULL, 0, "Output:", 3},
    {"output", 'o', "FILE", MT_HELP_COMMON,
     "Write the timeline to FILE (default: " MT_OUTPUT_DEFAULT
     "). %p is the pid, %e the program, %h the host, %t the start time",
     0},
    {"force", MT_KEY_FORCE, NULL, 0, "Replace an existing FILE", 0},
    {"marks", KEY_MARKS, "FILE", 0,
     "Mark the moment on the timeline when a line is appended to FILE, with its text. FILE may be "
     "a "
     "FIFO",
     0},
    {"quiet", MT_KEY_QUIET, NULL, MT_HELP_COMMON, "Print no chart", 0},
    {"json", MT_KEY_JSON, NULL, MT_HELP_COMMON,
     "Print the timeline as JSON, as memtrack timeline --json does", 0},
    {"width", MT_KEY_WIDTH, "N", 0, "Make the chart N columns wide", 0},
    {"height", MT_KEY_HEIGHT, "N", 0, "Make the chart N rows high (default: 20)", 0},
    {"color", MT_KEY_COLOR, MT_ARG_COLOR, 0, MT_HELP_COLOR, 0},
    {"verbose", MT_KEY_VERBOSE, NULL, 0, MT_HELP_VERBOSE, 0},
    {0},
};

static void parse_max(const struct argp_state *state, const char *text,
                      struct mt_watched_request *r) {
    static const char *const names[] = {"rss", "pss", "uss", "swap"};
    const char *colon = strchr(text, ':');
    r->max_of = MT_WATCHED_RSS;
    r->max_of_given = colon != NULL;
    for (size_t i = 0; colon && i < sizeof names / sizeof *names; i++)
        if (strlen(names[i]) == (size_t)(colon - text) &&
            strncmp(names[i], text, strlen(names[i])) == 0) {
            r->max_of = (enum mt_watched_figure)i;
            text = colon + 1;
            break;
        }
    r->max_bytes = mt_options_size(state, "--max", text, MAX_FORMS);
    if (r->max_bytes == 0)
        argp_error(state, "--max 0 would end every process at once");
}

static error_t parse_ending(int key, const char *text, const struct argp_state *state,
                            struct mt_watched_request *r) {
    switch (key) {
    case KEY_TIMEOUT:
        r->timeout_ns = mt_options_duration(state, "--timeout", text, 0, NS_PER_MS, "10m");
        return 0;
    case KEY_KILL_AFTER:
        r->kill_after_ns = mt_options_duration(state, "--kill-after", text, 0, NS_PER_MS, "5s");
        return 0;
    case KEY_MAX:
        parse_max(state, text, r);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t parse_looking(int key, const char *text, const struct argp_state *state,
                             struct mt_watched_request *r) {
    switch (key) {
    case KEY_CHILDREN:
        r->root_only = !mt_options_answer(state, "--children", text);
        return 0;
    case KEY_INCLUDE:
        mt_options_pattern(state, "--include", "a program", text, &r->patterns, &r->n_patterns);
        return 0;
    case KEY_BACKEND:
        if (!mt_sampler_parse_backend(text, &r->backend))
            mt_options_choose(state, "--backend", text, MT_SAMPLER_BACKENDS);
        return 0;
    default:
        return parse_ending(key, text, state, r);
    }
}

static void take_words(const struct argp_state *state, struct mt_watched_request *r) {
    char **words = state->argv + state->next;
    bool is_behind_dashes = state->next > 1 && strcmp(words[-1], "--") == 0;
    if (!is_behind_dashes && !words[1] && mt_subject_is_process(words[0], &r->pid))
        return;
    r->pid = 0;
    r->program = words;
}

static error_t parse(int key, char *text, struct argp_state *state) {
    struct mt_watched_request *r = state->input;
    switch (key) {
    case 'o':
        r->output = text;
        return 0;
    case KEY_MARKS:
        r->marks = text;
        return 0;
    case ARGP_KEY_ARGS:
        take_words(state, r);
        return 0;
    default:
        return mt_options_parse(key, text, state, &r->shared) ? 0
                                                              : parse_looking(key, text, state, r);
    }
}

const struct argp mt_watch_argp = {
    .options = table,
    .parser = parse,
    .args_doc = "PID\nPROGRAM [ARGUMENT...]",
    .doc =
        "Watch the memory of a process and of those that it starts, recorded or not: RSS, PSS, "
        "USS and swap over time, each and summed. A file keeps it for memtrack timeline."
        "\vExample: memtrack watch -- make -j4\n\nA program is run as it would be without: its "
        "input, output, signals and exit status are its own, and the chart goes to standard "
        "error. PID is watched until it and its children have ended, or Ctrl-C is pressed, or "
        "--for has gone by; SIGUSR1 sets a mark. Behind -- a number is a program."
        "\n\nThe peak RSS of a process is the kernel's, so that a spike between two looks is not "
        "missed. A process that comes and goes between two looks is."
        "\n\nExit status: that of the program (128 + N when signal N ended it); with PID 0. 124: "
        "--max or --timeout ended it, 137: by SIGKILL. 125: memtrack failed. 126: the program "
        "cannot be executed. 127: it was not found.",
};

static int refuse(const struct mt_watched_request *r, const struct mt_error *error) {
    mt_terminal_print_error(r->shared.program, error);
    return MT_EXIT_FAILED;
}

int mt_watched_request_parse(int argc, char **argv, struct mt_watched_request *r) {
    struct mt_error error = {{0}, {0}};
    *r = (struct mt_watched_request){.shared.program = argv[0]};
    argp_err_exit_status = MT_EXIT_FAILED;
    if (mt_help_parse(&mt_watch_argp, argc, argv, ARGP_IN_ORDER, r) != 0)
        return MT_EXIT_FAILED;
    if (r->kill_after_ns == 0)
        r->kill_after_ns = 5000 * NS_PER_MS;
    else if (!r->max_bytes && !r->timeout_ns)
        mt_error_set(&error, MEMTRACK_EUSAGE, "", "--kill-after needs --max or --timeout");
    if (!r->pid && (!r->program || !r->program[0][0]))
        mt_error_set(&error, MEMTRACK_EUSAGE, "For example: memtrack watch -- ls -l.",
                     "give a process, or a program to run");
    if (r->output && !error.message[0])
        mt_output_check_pattern(r->output, &error);
    return error.message[0] ? refuse(r, &error) : 0;
}
