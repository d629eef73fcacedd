/* SPDX-License-Identifier: MIT */
/* The options of a command, read out of its argp table and those of its children. */
#ifndef MT_CLI_COMPLETION_COLLECT_H
#define MT_CLI_COMPLETION_COLLECT_H

#include <argp.h>
#include <stdbool.h>

/* Texts belong to the tables. */
struct mt_completion_option {
    int group;                  /* of the help: rows of one group stand together, groups in order */
    const char *heading;        /* of the group; else NULL, and this is an option */
    const char *name;           /* without dashes; NULL: a letter alone */
    char letter;                /* 0: a name alone */
    const char *argument, *doc; /* argument: NULL when it takes none */
};

/* Visits every option that --help shows, in the order of the tables, but for those that every
 * command has (--help, --usage, --version). */
void mt_completion_collect(const struct argp *argp,
                           void (*visit)(void *context, const struct mt_completion_option *row),
                           void *context);

#endif
