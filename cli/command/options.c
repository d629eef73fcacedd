/* SPDX-License-Identifier: MIT */
/*
 * The same word means the same in every command, and is refused in the same words. No argp child
 * for them: a child's options stand in the help where the child stands, and these belong among
 * those of each command.
 */
#include "command/options.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/array.h"
#include "view/subject.h"

static bool parse_number(const char *text, size_t least, size_t most, size_t *number) {
    char *end;
    errno = 0;
    *number = strtoul(text, &end, 10);
    return *text >= '0' && *text <= '9' && !*end && !errno && *number >= least && *number <= most;
}

size_t mt_options_number(const struct argp_state *state, const char *option, const char *text,
                         size_t least, size_t most) {
    size_t number;
    if (!parse_number(text, least, most, &number))
        argp_error(state, "%s %s: give a number from %zu to %zu", option, text, least, most);
    return number;
}

static void set_rows(const struct argp_state *state, const char *text,
                     struct mt_options_shared *options) {
    if (!parse_number(text, 0, INT_MAX, &options->n))
        argp_error(state, "-n %s: not a number of rows", text);
    options->n_given = true;
}

void mt_options_pattern(const struct argp_state *state, const char *option, const char *text,
                        const char ***list, size_t *n) {
    if (!*text || *text == ':')
        argp_error(state, "%s '%s': name a file, a function or a module; * stands for any text",
                   option, text);
    if (mt_array_grow(list, *n, sizeof **list))
        (*list)[(*n)++] = text;
    else
        argp_failure(state, argp_err_exit_status, 0, "out of memory");
}

static void check_debuginfod(const struct argp_state *state) {
    const char *urls = getenv("DEBUGINFOD_URLS");
    if (!(urls && *urls))
        mt_terminal_print_problem(
            state->argv[0], "Name servers in it, such as https://debuginfod.elfutils.org/",
            "--debuginfod: DEBUGINFOD_URLS is not set, so nothing is fetched");
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
        {MT_KEY_JSON, &options->json},         {MT_KEY_CSV, &options->csv},
        {MT_KEY_FORCE, &options->force},       {MT_KEY_QUIET, &options->quiet},
        {MT_KEY_BYTES, &options->exact_bytes}, {MT_KEY_FULL_NAMES, &options->full_names},
        {MT_KEY_NO_PAGER, &options->no_pager},
    };
    return mt_options_set_flag(key, flags, sizeof flags / sizeof *flags);
}

bool mt_options_parse(int key, const char *text, const struct argp_state *state,
                      struct mt_options_shared *options) {
    switch (key) {
    case MT_KEY_COLOR:
        if (!mt_terminal_parse_color(text, &options->color))
            argp_error(state, "--color %s: choose auto, always or never", text);
        return true;
    case MT_KEY_ROWS:
        set_rows(state, text, options);
        return true;
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
        return set_flag(key, options);
    }
}

void mt_options_profile(const struct argp_state *state, const char *text, const char **profile) {
    if (*profile)
        argp_error(state, "one profile at a time: %s and %s are too many", *profile, text);
    *profile = text;
}

void mt_options_pid(const struct argp_state *state, const char *text, pid_t *pid) {
    if (*pid)
        argp_error(state, "one process at a time");
    if (!mt_subject_is_process(text, pid))
        argp_error(state,
                   "%s is no process: give a pid; memtrack list shows those that are tracked",
                   text);
}

void mt_options_need_pid(const struct argp_state *state, pid_t pid) {
    if (!pid)
        argp_error(state, "give the pid of a process; memtrack list shows those that are tracked");
}

bool mt_options_set_flag(int key, const struct mt_options_flag *flags, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (flags[i].key == key)
            return *flags[i].flag = true;
    return false;
}
