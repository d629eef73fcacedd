/* SPDX-License-Identifier: MIT */
/* The options of a command, read out of its argp table and those of its children. */
#ifndef MT_CLI_COMMAND_COLLECT_H
#define MT_CLI_COMMAND_COLLECT_H

#include <argp.h>
#include <stdbool.h>

/* An option, or the heading of a group. Texts belong to the tables. */
struct mt_collect_option {
    int group;                  /* of the help: rows of one group stand together, groups in order */
    const char *heading;        /* of the group; NULL: this is an option */
    const char *name;           /* without dashes; NULL: it has a letter alone */
    char letter;                /* 0: it has a name alone */
    const char *argument, *doc; /* argument is NULL when it takes none */
    bool is_common;             /* marked MT_HELP_COMMON */
};

/* Visits every option that --help shows, in the order of the tables, except those that every
 * command has (--help, --usage, --version). */
void mt_collect_options(const struct argp *argp,
                        void (*visit)(void *context, const struct mt_collect_option *row),
                        void *context);

#endif
