/* SPDX-License-Identifier: MIT */
/*
 * One parser for report, diff and whatever else shows groups: an option means the same and is spelt
 * the same in all of them. --sort is each command's own, as it has another default and another
 * meaning in each.
 */
#include "command/view_options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "command/command.h"
#include "command/input.h"
#include "command/options.h"
#include "view/subject.h"

enum option_key {
    KEY_INCLUDE = 256,
    KEY_EXCLUDE,
    KEY_ALL_FRAMES,
};

#define MT_ARG_PATTERN "PATTERN|scope:P|domain:P|thread:P|process:P"

/* What is counted, and as whose. */
static const struct argp_option selected_options[] = {
    {NULL, 0, NULL, 0, "Counting:", MT_HELP_COUNTED},
    {NULL, 0, NULL, 0, "Rows:", MT_HELP_ROWS},
    {"include", KEY_INCLUDE, MT_ARG_PATTERN, MT_HELP_COMMON,
     "Show only what a matching file, function or module allocated (repeatable: one "
     "has to match). PATTERN takes shell wildcards. PATTERN:LINE matches a line of a "
     "file, scope:PATTERN the innermost scope, domain:PATTERN the domain. "
     "thread:PATTERN matches a thread's name or id, process:PATTERN the program or "
     "pid in a run of several",
     0},
    {"exclude", KEY_EXCLUDE, MT_ARG_PATTERN, MT_HELP_COMMON,
     "Leave out what matches, as in --include (repeatable)", 0},
    {"all-frames", KEY_ALL_FRAMES, NULL, 0, "Let patterns match any frame of the call path", 0},
    {NULL, 0, NULL, 0,
     "Charging (by default the innermost frame outside of allocators and standard "
     "libraries):",
     MT_HELP_CHARGED},
    MT_CHARGED_OPTIONS(0, MT_HELP_COMMON),
    {NULL, 0, NULL, 0, "Names:", MT_HELP_NAMES},
    MT_SYMBOL_OPTIONS(0),
    {0},
};

/* What the live view has as well. */
static const struct argp_option shared_options[] = {
    {"by", MT_KEY_BY, mt_group_by_list, MT_HELP_COMMON,
     "Print a row for each of these (default: line)", MT_HELP_COUNTED},
    {NULL, 0, NULL, 0, "Output:", MT_HELP_PRINTED},
    {"bytes", MT_KEY_BYTES, NULL, 0, "Print exact bytes instead of KiB and MiB", 0},
    {"color", MT_KEY_COLOR, MT_ARG_COLOR, 0, MT_HELP_COLOR, 0},
    {0},
};

static const struct argp_option options[] = {
    {"cumulative", MT_KEY_CUMULATIVE, NULL, MT_HELP_COMMON,
     "Charge every frame of a call path, not only the innermost. A frame that recurs is "
     "charged once. Needs --by line, function, file or module",
     MT_HELP_COUNTED},
    {"at", MT_KEY_AT, "end|peak|TIME", MT_HELP_COMMON,
     "Count as live what was not freed at this moment (default: end). TIME is after the "
     "start, such as 1.5s or 02:00. Rows are then sorted by live",
     MT_HELP_COUNTED},
    MT_TREE_OPTION(MT_HELP_COUNTED),
    {NULL, MT_KEY_ROWS, "N", MT_HELP_COMMON,
     "Print at most N rows, 0 for all (default: 20). The default of --json and --csv is all",
     MT_HELP_ROWS},
    {"json", MT_KEY_JSON, NULL, MT_HELP_COMMON, "Print JSON", MT_HELP_PRINTED},
    {"csv", MT_KEY_CSV, NULL, MT_HELP_COMMON, "Print the rows as CSV", MT_HELP_PRINTED},
    {"full-names", MT_KEY_FULL_NAMES, NULL, MT_HELP_COMMON,
     "Do not shorten names, paths and call paths", MT_HELP_PRINTED},
    {"full-stacks", MT_KEY_FULL_STACKS, NULL, 0,
     "Print call paths down to the frames that start the program and its threads, and each in full",
     MT_HELP_PRINTED},
    {"verbose", MT_KEY_VERBOSE, NULL, MT_HELP_COMMON, MT_HELP_VERBOSE, MT_HELP_PRINTED},
    {"no-pager", MT_KEY_NO_PAGER, NULL, 0, MT_HELP_NO_PAGER, MT_HELP_PRINTED},
    {0},
};

enum { INCLUDE, EXCLUDE };

static void add_pattern(const struct argp_state *state, struct mt_view_request *r, size_t list,
                        const char *pattern) {
    static const char *const names[] = {"--include", "--exclude"};
    mt_options_pattern(state, names[list], MT_NEEDED_FRAME, pattern, &r->patterns[list],
                       &r->n_patterns[list]);
}

static void parse_sort(const struct argp_state *state, struct mt_view_request *request,
                       const char *text) {
    if (!mt_sort_parse(text, &request->view.sort))
        mt_options_choose(state, "--sort", text, mt_sort_list);
    request->sort_given = true;
}

static void parse_by(const struct argp_state *state, struct mt_view_request *request,
                     const char *text) {
    if (!mt_group_by_parse(text, &request->view.by))
        mt_options_choose(state, "--by", text, mt_group_by_list);
    request->by_given = true;
}

static void parse_at(const struct argp_state *state, struct mt_view_request *request,
                     const char *text) {
    if (!mt_at_parse(text, &request->view.at))
        argp_error(state,
                   "--at %s: needs end, peak, or a time after the start, such as 1.5s or 02:00",
                   text);
    request->at_given = true;
}

error_t mt_view_options_parse(int key, const char *text, struct argp_state *state,
                              struct mt_view_request *r) {
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = r;
        return 0;
    case MT_KEY_SORT:
        parse_sort(state, r, text);
        return 0;
    case MT_KEY_AT:
        parse_at(state, r, text);
        return 0;
    case MT_KEY_BY:
        parse_by(state, r, text);
        return 0;
    case MT_KEY_CUMULATIVE:
        r->view.cumulative = true;
        return 0;
    default:
        return mt_options_parse(key, text, state, &r->shared) ? 0 : ARGP_ERR_UNKNOWN;
    }
}

static void finish(struct argp_state *state, struct mt_view_request *r) {
    if (r->shared.json && r->shared.csv)
        argp_error(state, "--json and --csv exclude each other");
    r->view.filter.include = r->patterns[INCLUDE];
    r->view.filter.n_include = r->n_patterns[INCLUDE];
    r->view.filter.exclude = r->patterns[EXCLUDE];
    r->view.filter.n_exclude = r->n_patterns[EXCLUDE];
    mt_charged_complete(r->shared.program ? r->shared.program : state->argv[0], &r->charged);
    r->view.wrappers = mt_charged_wrappers(&r->charged);
    if (!r->shared.n_given)
        r->shared.n = r->shared.json || r->shared.csv ? 0 : MT_VIEW_DEFAULT_ROWS;
}

static error_t parse_option(int key, char *text, struct argp_state *state) {
    struct mt_view_request *r = state->input;
    switch (key) {
    case ARGP_KEY_INIT: /* it has no child */
        return 0;
    case KEY_ALL_FRAMES:
        r->view.filter.all_frames = true;
        return 0;
    case KEY_INCLUDE:
    case KEY_EXCLUDE:
        add_pattern(state, r, key == KEY_INCLUDE ? INCLUDE : EXCLUDE, text);
        return 0;
    case ARGP_KEY_END:
        finish(state, r);
        return 0;
    default:
        return mt_charged_parse(key, text, state, &r->charged)
                   ? 0
                   : mt_view_options_parse(key, text, state, r);
    }
}

static error_t parse_shared(int key, char *text, struct argp_state *state) {
    return mt_view_options_parse(key, text, state, state->input);
}

static error_t parse_whole(int key, char *text, struct argp_state *state) {
    const struct mt_view_request *r = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        return mt_view_options_parse(key, text, state, state->input);
    case ARGP_KEY_END: /* the rest is the child's; a live view may get its patterns later */
        if (r->view.filter.all_frames && r->n_patterns[INCLUDE] + r->n_patterns[EXCLUDE] == 0)
            argp_error(state, "--all-frames needs --include or --exclude");
        return 0;
    default:
        return parse_option(key, text, state);
    }
}

const struct argp mt_view_options_selected_argp = {.options = selected_options,
                                                   .parser = parse_option};
static const struct argp_child selected[] = {{&mt_view_options_selected_argp, 0, NULL, 0}, {0}};
const struct argp mt_view_options_live_argp = {
    .options = shared_options, .parser = parse_shared, .children = selected};
static const struct argp_child children[] = {{&mt_view_options_live_argp, 0, NULL, 0}, {0}};
const struct argp mt_view_options_argp = {
    .options = options, .parser = parse_whole, .children = children};

/* ---- sorting --------------------------------------------------------------------------------- */

void mt_view_options_choose_sort(struct mt_view_request *r, const struct mt_profile *profile) {
    if (!r->sort_given)
        r->view.sort = mt_sort_choose(profile, &r->view.at);
}

void mt_view_options_check_sort(const struct mt_view_request *r, const struct mt_rows *rows) {
    if (mt_rows_has(rows, r->view.sort))
        return;
    const char *hint = r->view.sort == MT_VALUE_WASTE_BYTES && r->view.at.kind == MT_AT_END
                           ? "Record it with memtrack run --usable."
                           : NULL;
    mt_terminal_print_problem(r->shared.program, hint, "sorted by live: this profile has no %s%s",
                              mt_sort_name(r->view.sort),
                              r->view.at.kind == MT_AT_END ? "" : " of that moment");
}

/* ---- runs of several processes ------------------------------------------------------------- */

static bool has_pattern_of(const struct mt_view_request *r, const char *kind) {
    for (size_t list = INCLUDE; list <= EXCLUDE; list++)
        for (size_t i = 0; i < r->n_patterns[list]; i++)
            if (strncmp(r->patterns[list][i], kind, strlen(kind)) == 0)
                return true;
    return false;
}

struct mt_input_wanted mt_view_options_wanted(const struct mt_view_request *r) {
    return (struct mt_input_wanted){
        .keep = {.processes = r->view.by == MT_BY_PROCESS || has_pattern_of(r, "process:"),
                 .threads = r->view.by == MT_BY_THREAD || has_pattern_of(r, "thread:"),
                 .times = r->view.at.kind == MT_AT_TIME},
        .tree = r->shared.tree,
        .symbols = &r->shared.symbols,
    };
}

char *mt_view_options_choose_input(struct mt_view_request *request, const char *file, int *result) {
    if (!request->at_given || !file || !mt_subject_at(file))
        return mt_input_choose_at(request->shared.program, file, request->shared.tree,
                                  &request->view.at, result);
    mt_terminal_print_problem(request->shared.program, "Leave out one of them.",
                              "give one moment (got %s and --at)", file);
    *result = MT_EXIT_USAGE;
    return NULL;
}

void mt_view_options_free(struct mt_view_request *request) {
    for (size_t i = 0; i < sizeof request->patterns / sizeof *request->patterns; i++)
        free(request->patterns[i]);
    mt_charged_free(&request->charged);
    *request = (struct mt_view_request){0};
}
