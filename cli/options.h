/* SPDX-License-Identifier: MIT */
/* Values of options that several commands have. What is wrong with one ends the process, as argp_error does. */
#ifndef MT_CLI_OPTIONS_H
#define MT_CLI_OPTIONS_H

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "terminal.h"

#define MT_HELP_COLOR    "auto (default), always or never"
#define MT_HELP_NO_PAGER "Do not start MEMTRACK_PAGER, PAGER or less"

/* --color */
void mt_option_color(const struct argp_state *state, const char *text, enum mt_color *color);

/* option with its dashes, for the message. */
size_t mt_option_number(const struct argp_state *state, const char *option, const char *text, size_t least,
                        size_t most);
size_t mt_option_rows(const struct argp_state *state, const char *text); /* -n: 0 is all */

/* Appends a pattern of --include and its kin; one without anything to match is refused. *list is realloc'ed. */
void mt_option_pattern(const struct argp_state *state, const char *option, const char *text, const char ***list,
                       size_t *n);

/* Says so when nothing can be fetched: DEBUGINFOD_URLS names no server. */
void mt_option_debuginfod(const struct argp_state *state, bool is_given);

/* Options without an argument. False: the key is none of theirs. */
struct mt_option_flag {
    int key;
    bool *flag;
};
bool mt_option_set_flag(int key, const struct mt_option_flag *flags, size_t n);

#endif
