/* SPDX-License-Identifier: MIT */
/* Values of options that several commands have. What is wrong with one ends the process, as
 * argp_error does. */
#ifndef MT_CLI_COMMAND_OPTIONS_H
#define MT_CLI_COMMAND_OPTIONS_H

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text/terminal.h"
#include "view/symbols/symbols.h"

#define MT_ARG_COLOR     "auto|always|never"
#define MT_HELP_COLOR    "Use colours (default: auto)"
#define MT_HELP_NO_PAGER "Do not start MEMTRACK_PAGER, PAGER or less"

/* --color */
void mt_options_color(const struct argp_state *state, const char *text,
                      enum mt_terminal_color *color);

/* option with its dashes, for the message. */
size_t mt_options_number(const struct argp_state *state, const char *option, const char *text,
                         size_t least, size_t most);
size_t mt_options_rows(const struct argp_state *state, const char *text); /* -n: 0 is all */

/* Appends a pattern of --include and its kin; one without anything to match is refused. *list is
 * realloc'ed. */
void mt_options_pattern(const struct argp_state *state, const char *option, const char *text,
                        const char ***list, size_t *n);

/* Where names come from: entries of a command's table, in this group of its help; and what its
 * parser does with them, beginning with all keys that it does not know and ARGP_KEY_END. False: the
 * key is none of theirs. */
enum { MT_KEY_DEBUG_PATH = 0x4000, MT_KEY_SYSROOT, MT_KEY_DEBUGINFOD };
#define MT_SYMBOL_OPTIONS(group)                                                                   \
    {"debug-path",                                                                                 \
     MT_KEY_DEBUG_PATH,                                                                            \
     "DIR[:DIR...]",                                                                               \
     0,                                                                                            \
     "Look for programs, libraries and their debug files in DIR as well, by build id and by "      \
     "name. May be repeated",                                                                      \
     group},                                                                                       \
        {"sysroot",                                                                                \
         MT_KEY_SYSROOT,                                                                           \
         "DIR",                                                                                    \
         0,                                                                                        \
         "Look for recorded paths below DIR first, such as an image's root",                       \
         group},                                                                                   \
    {                                                                                              \
        "debuginfod", MT_KEY_DEBUGINFOD, NULL, 0,                                                  \
            "Fetch missing debug files from the servers in DEBUGINFOD_URLS", group                 \
    }
bool mt_options_symbols(int key, const char *text, const struct argp_state *state,
                        struct mt_symbols_options *symbols);

/* Options without an argument. False: the key is none of theirs. */
struct mt_options_flag {
    int key;
    bool *flag;
};
bool mt_options_set_flag(int key, const struct mt_options_flag *flags, size_t n);

#endif
