/* SPDX-License-Identifier: MIT */
/*
 * The same word means the same in every command, and is refused in the same words. No argp child
 * for them: a child's options stand in the help where the child stands, and these belong among
 * those of each command.
 */
#include "command/options.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "view/format/format.h"
#include "view/subject.h"

#define NS_PER_MS UINT64_C(1000000)

static bool parse_number(const char *text, size_t least, size_t most, size_t *number) {
    char *end;
    errno = 0;
    *number = strtoul(text, &end, 10);
    return *text >= '0' && *text <= '9' && !*end && !errno && *number >= least && *number <= most;
}

size_t mt_options_number(const struct argp_state *state, const char *option, const char *text,
                         size_t least, size_t most) {
    size_t number;
    if (!parse_number(text, least, most, &number) && most == INT_MAX)
        argp_error(state, "%s %s: needs a number from %zu on", option, text, least);
    else if (!parse_number(text, least, most, &number))
        argp_error(state, "%s %s: needs a number from %zu to %zu", option, text, least, most);
    return number;
}

double mt_options_percent(const struct argp_state *state, const char *option, const char *text) {
    char *end;
    double percent = strtod(text, &end);
    if (end != text && *end == '%')
        end++;
    if (end == text || *end || !(percent >= 0) || percent > 1e6)
        argp_error(state, "%s %s: needs a percentage, such as 5", option, text);
    return percent;
}

uint64_t mt_options_duration(const struct argp_state *state, const char *option, const char *text,
                             uint64_t unit_ns, uint64_t least_ns, const char *example) {
    uint64_t ns = 0;
    bool is_fine = least_ns < NS_PER_MS; /* in which unit the least is said */
    if (mt_format_parse_duration(text, unit_ns, &ns) && ns <= INT64_MAX / 2) {
        if (ns < least_ns)
            argp_error(state, "%s %s: needs at least %" PRIu64 "%s", option, text,
                       is_fine ? least_ns : least_ns / NS_PER_MS, is_fine ? "ns" : "ms");
        return ns;
    }
    bool is_number = *text && strspn(text, "0123456789.") == strlen(text);
    argp_error(state, "%s %s: needs a %s, such as %s", option, text,
               is_number ? "unit" : "duration", example);
    return 0;
}

uint64_t mt_options_size(const struct argp_state *state, const char *option, const char *text,
                         const char *example) {
    uint64_t size = 0;
    if (!mt_format_parse_size(text, &size))
        argp_error(state, "%s %s: needs a size, such as %s", option, text, example);
    return size;
}

void mt_options_choose(const struct argp_state *state, const char *option, const char *text,
                       const char *list) {
    argp_error(state, "%s %s: needs one of %s", option, text, list);
}

bool mt_options_answer(const struct argp_state *state, const char *option, const char *text) {
    if (strcmp(text, "yes") != 0 && strcmp(text, "no") != 0)
        mt_options_choose(state, option, text, "yes|no");
    return strcmp(text, "yes") == 0;
}

size_t mt_options_rows(const struct argp_state *state, const char *text) {
    size_t n;
    if (!parse_number(text, 0, INT_MAX, &n))
        argp_error(state, "-n %s: needs a number, 0 for all", text);
    return n;
}

void mt_options_pattern(const struct argp_state *state, const char *option, const char *needed,
                        const char *text, const char ***list, size_t *n) {
    if (!*text || *text == ':')
        argp_error(state, "%s '%s': needs %s; * is any text", option, text, needed);
    if (mt_array_grow(list, *n, sizeof **list))
        (*list)[(*n)++] = text;
    else
        argp_failure(state, argp_err_exit_status, 0, "out of memory");
}

static void check_debuginfod(const struct argp_state *state) {
    const char *urls = getenv("DEBUGINFOD_URLS");
    if (!(urls && *urls))
        mt_terminal_print_problem(state->argv[0],
                                  "Set it, to https://debuginfod.elfutils.org/ for instance.",
                                  "--debuginfod fetches nothing: DEBUGINFOD_URLS is not set");
}

/* Behind what was given before. The one text there is of several lives until the process ends. */
static void add_debug_path(const struct argp_state *state, const char *text,
                           struct mt_symbols_options *symbols) {
    static char *joined;
    char *longer;
    if (!symbols->debug_path) {
        symbols->debug_path = text;
        return;
    }
    if (asprintf(&longer, "%s:%s", symbols->debug_path, text) < 0) {
        argp_failure(state, argp_err_exit_status, 0, "out of memory");
        return;
    }
    free(joined);
    symbols->debug_path = joined = longer;
}

static bool set_flag(int key, struct mt_options_shared *options) {
    const struct mt_options_flag flags[] = {
        {MT_KEY_JSON, &options->json},
        {MT_KEY_CSV, &options->csv},
        {MT_KEY_FORCE, &options->force},
        {MT_KEY_QUIET, &options->quiet},
        {MT_KEY_BYTES, &options->exact_bytes},
        {MT_KEY_FULL_NAMES, &options->full_names},
        {MT_KEY_FULL_STACKS, &options->full_stacks},
        {MT_KEY_NO_PAGER, &options->no_pager},
        {MT_KEY_TREE, &options->tree},
        {MT_KEY_VERBOSE, &options->verbose},
    };
    return mt_options_set_flag(key, flags, sizeof flags / sizeof *flags);
}

/* How large a chart is, and how long and how often something is looked at. */
static bool parse_extent(int key, const char *text, const struct argp_state *state,
                         struct mt_options_shared *options) {
    switch (key) {
    case MT_KEY_WIDTH:
        options->width = mt_options_number(state, "--width", text, 40, 10000);
        return true;
    case MT_KEY_HEIGHT:
        options->height = mt_options_number(state, "--height", text, 8, 10000);
        return true;
    case MT_KEY_FOR:
        options->for_ns = mt_options_duration(state, "--for", text, 0, NS_PER_MS, "60s");
        return true;
    case MT_KEY_INTERVAL:
        options->interval_ns = mt_options_duration(state, "--interval", text, 0, NS_PER_MS, "10ms");
        return true;
    default:
        return false;
    }
}

bool mt_options_parse(int key, const char *text, const struct argp_state *state,
                      struct mt_options_shared *options) {
    switch (key) {
    case MT_KEY_COLOR:
        if (!mt_terminal_parse_color(text, &options->color))
            mt_options_choose(state, "--color", text, MT_ARG_COLOR);
        return true;
    case MT_KEY_ROWS:
        options->n = mt_options_rows(state, text);
        return options->n_given = true;
    case MT_KEY_DEBUG_PATH:
        add_debug_path(state, text, &options->symbols);
        return true;
    case MT_KEY_SYSROOT:
        options->symbols.sysroot = text;
        return true;
    case MT_KEY_DEBUGINFOD:
        options->symbols.debuginfod = true;
        check_debuginfod(state);
        return true;
    default:
        return set_flag(key, options) || parse_extent(key, text, state, options);
    }
}

void mt_options_profile(const struct argp_state *state, const char *text, const char **profile) {
    if (*profile)
        argp_error(state, "give one profile (got %s and %s)", *profile, text);
    *profile = text;
}

void mt_options_pid(const struct argp_state *state, const char *text, pid_t *pid) {
    if (*pid)
        argp_error(state, "give one process (got %d and %s)", (int)*pid, text);
    if (!mt_subject_is_process(text, pid))
        argp_error(state, "%s is not a pid; memtrack list shows the tracked processes", text);
}

void mt_options_need_pid(const struct argp_state *state, pid_t pid) {
    if (!pid)
        argp_error(state, "give a pid; memtrack list shows the tracked processes");
}

bool mt_options_set_flag(int key, const struct mt_options_flag *flags, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (flags[i].key == key)
            return *flags[i].flag = true;
    return false;
}
