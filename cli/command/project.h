/* SPDX-License-Identifier: MIT */
/*
 * What a project says of itself in a file .memtrack, which lies in the directory that a command is
 * called in or in one above it:
 *
 *     # who is charged in every view
 *     wrapper my_alloc*
 */
#ifndef MT_CLI_COMMAND_PROJECT_H
#define MT_CLI_COMMAND_PROJECT_H

#include <stddef.h>

#define MT_PROJECT_FILE ".memtrack"

struct mt_project {
    char *path; /* of the file; NULL: there is none that counts */
    char *text; /* private: what was read */
    size_t bytes;
};

struct mt_project_setting {
    const char *value; /* of a setting "wrapper": a pattern; valid as long as the project */
    const char *path;
    size_t line;
};

/* Finds and reads the file of the directory that the process is in. What is wrong with it is said
 * on standard error, once in a process, and the project is then an empty one. Free it. */
void mt_project_read(const char *program, struct mt_project *project);
void mt_project_free(struct mt_project *project);

/* Calls take for each setting in the order of the lines; lines that say nothing that is understood
 * are told of, and the others count. */
void mt_project_each(const char *program, struct mt_project *project,
                     void (*take)(void *context, const struct mt_project_setting *wrapper),
                     void *context);

#endif
