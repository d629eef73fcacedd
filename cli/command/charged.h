/* SPDX-License-Identifier: MIT */
/*
 * Who is charged with a block: the options for it, which every command has that shows lines or
 * writes profiles, and what the environment (MEMTRACK_WRAPPERS) and the project (project.h) add.
 */
#ifndef MT_CLI_COMMAND_CHARGED_H
#define MT_CLI_COMMAND_CHARGED_H

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>

#include "view/rows/wrappers.h"

enum { MT_KEY_WRAPPER = 0x4100, MT_KEY_KEEP_STD, MT_KEY_KEEP_WRAPPERS };

/* Entries of a command's table, in this group of its help. common: MT_HELP_COMMON or 0, of the
 * first. */
#define MT_CHARGED_OPTIONS(group, common)                                                          \
    {"wrapper",                                                                                    \
     MT_KEY_WRAPPER,                                                                               \
     "PATTERN",                                                                                    \
     common,                                                                                       \
     "Charge the caller of matching functions, files or modules (repeatable)",                     \
     group},                                                                                       \
        {"keep-std",                                                                               \
         MT_KEY_KEEP_STD,                                                                          \
         NULL,                                                                                     \
         0,                                                                                        \
         "Charge lines inside the C, C++ and Rust standard libraries",                             \
         group},                                                                                   \
    {                                                                                              \
        "keep-wrappers", MT_KEY_KEEP_WRAPPERS, NULL, 0,                                            \
            "Charge the innermost frame, even operator new", group                                 \
    }

/* Zero-initialized is nothing given. */
struct mt_charged {
    const char **patterns;
    size_t n;
    char **owned; /* private: those patterns that are not words of the command line */
    size_t n_owned;
    bool keep_std, keep_wrappers;
};

/* Takes one of the keys above. Returns false when the key is none of them. */
bool mt_charged_parse(int key, const char *text, const struct argp_state *state,
                      struct mt_charged *charged);
/* Adds what the environment and the project say. To be called once, when the command line is read;
 * what is wrong there is said on standard error, and the rest counts. */
void mt_charged_complete(const char *program, struct mt_charged *charged);
void mt_charged_free(struct mt_charged *charged);

/* For views, as long as charged is there. */
struct mt_wrapper_options mt_charged_wrappers(const struct mt_charged *charged);

#endif
