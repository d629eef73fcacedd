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

void mt_options_color(const struct argp_state *state, const char *text,
                      enum mt_terminal_color *color) {
    if (!mt_terminal_parse_color(text, color))
        argp_error(state, "--color %s: choose auto, always or never", text);
}

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

size_t mt_options_rows(const struct argp_state *state, const char *text) {
    size_t number;
    if (!parse_number(text, 0, INT_MAX, &number))
        argp_error(state, "-n %s: not a number of rows", text);
    return number;
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

bool mt_options_symbols(int key, const char *text, const struct argp_state *state,
                        struct mt_symbols_options *symbols) {
    switch (key) {
    case MT_KEY_DEBUG_PATH:
        add_debug_path(state, text, symbols);
        return true;
    case MT_KEY_SYSROOT:
        symbols->sysroot = text;
        return true;
    case MT_KEY_DEBUGINFOD:
        symbols->debuginfod = true;
        check_debuginfod(state);
        return true;
    default:
        return false;
    }
}

bool mt_options_set_flag(int key, const struct mt_options_flag *flags, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (flags[i].key == key)
            return *flags[i].flag = true;
    return false;
}
