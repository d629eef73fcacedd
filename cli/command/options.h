/* SPDX-License-Identifier: MIT */
/*
 * The options that several commands have, once: a command names those that it has in its own table,
 * with these keys, and leaves the keys that it does not know to mt_options_parse. What is wrong
 * with a value ends the process, as argp_error does.
 */
#ifndef MT_CLI_COMMAND_OPTIONS_H
#define MT_CLI_COMMAND_OPTIONS_H

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "text/terminal.h"
#include "view/symbols/symbols.h"

#define MT_ARG_COLOR     "auto|always|never"
#define MT_HELP_COLOR    "Use colours (default: auto)"
#define MT_HELP_VERBOSE  "Print all that is known of the process"
#define MT_HELP_NO_PAGER "Do not start MEMTRACK_PAGER, PAGER or less"

/* A flag of an argp option, which argp itself does not know: --help shows the option. */
enum { MT_HELP_COMMON = 0x100 };

enum {
    MT_KEY_DEBUG_PATH = 0x4000,
    MT_KEY_SYSROOT,
    MT_KEY_DEBUGINFOD,
    MT_KEY_JSON,
    MT_KEY_CSV,
    MT_KEY_FORCE,
    MT_KEY_BYTES,
    MT_KEY_FULL_NAMES,
    MT_KEY_FULL_STACKS,
    MT_KEY_TREE,
    MT_KEY_COLOR,
    MT_KEY_NO_PAGER,
    MT_KEY_WIDTH,
    MT_KEY_HEIGHT,
    MT_KEY_FOR,
    MT_KEY_INTERVAL,
    MT_KEY_QUIET = 'q',
    MT_KEY_VERBOSE = 'v',
    MT_KEY_ROWS = 'n',
};

/* What was chosen; nothing is when it is zero-initialized. */
struct mt_options_shared {
    const char *program; /* argv[0]: for messages */
    bool json, csv, force, quiet, verbose, exact_bytes, full_names, full_stacks, no_pager, tree;
    size_t n; /* rows, 0: all */
    bool n_given;
    size_t width, height;         /* of a chart; 0: not given */
    uint64_t for_ns, interval_ns; /* 0: not given */
    enum mt_terminal_color color;
    struct mt_symbols_options symbols; /* where names come from */
};

/* Takes one of the keys above. Returns false when the key is none of them. */
bool mt_options_parse(int key, const char *text, const struct argp_state *state,
                      struct mt_options_shared *options);

/* Notes the one profile, or process, that a command is about, and refuses a second one. */
void mt_options_profile(const struct argp_state *state, const char *text, const char **profile);
void mt_options_pid(const struct argp_state *state, const char *text, pid_t *pid);
/* Refuses, at the end of the arguments, that no process was named. */
void mt_options_need_pid(const struct argp_state *state, pid_t pid);

/* Values, refused in the same words by every command. option with its dashes, for the message;
 * example is a value that would be taken. */
size_t mt_options_number(const struct argp_state *state, const char *option, const char *text,
                         size_t least, size_t most);
/* Of -n: 0 is all. */
size_t mt_options_rows(const struct argp_state *state, const char *text);
/* In nanoseconds. unit_ns: that of a number without one; 0: it needs one. */
uint64_t mt_options_duration(const struct argp_state *state, const char *option, const char *text,
                             uint64_t unit_ns, uint64_t least_ns, const char *example);
/* In bytes. */
uint64_t mt_options_size(const struct argp_state *state, const char *option, const char *text,
                         const char *example);
/* In percent, with the sign or without. */
double mt_options_percent(const struct argp_state *state, const char *option, const char *text);
/* Of "yes|no". */
bool mt_options_answer(const struct argp_state *state, const char *option, const char *text);
/* Refuses text, which is not in list ("a|b|c"). */
void mt_options_choose(const struct argp_state *state, const char *option, const char *text,
                       const char *list);

/* Appends a pattern of --include and its kin; one without anything to match is refused, with what
 * is needed: "a function or a file". *list is realloc'ed. */
void mt_options_pattern(const struct argp_state *state, const char *option, const char *needed,
                        const char *text, const char ***list, size_t *n);
#define MT_NEEDED_FRAME "a file, a function or a module"

/* Where names come from: entries of a command's table, in this group of its help. */
#define MT_SYMBOL_OPTIONS(group)                                                                   \
    {"debug-path",                                                                                 \
     MT_KEY_DEBUG_PATH,                                                                            \
     "DIR[:DIR...]",                                                                               \
     0,                                                                                            \
     "Look for programs, libraries and their debug files in DIR too, by build id and by name "     \
     "(repeatable)",                                                                               \
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

/* An entry of a command's table, in this group of its help: a process stands for its tree. */
#define MT_TREE_OPTION(group)                                                                      \
    {                                                                                              \
        "tree", MT_KEY_TREE, NULL, 0,                                                              \
            "Add up a process and all that descend from it: PID stands for the running ones, and " \
            "DIR for those of the newest run in it",                                               \
            group                                                                                  \
    }

/* Options without an argument. False: the key is none of theirs. */
struct mt_options_flag {
    int key;
    bool *flag;
};
bool mt_options_set_flag(int key, const struct mt_options_flag *flags, size_t n);

#endif
