/* SPDX-License-Identifier: MIT */
/*
 * The directory of a run of several processes: a profile for each, and an index of all. It is made
 * when it is known to be needed.
 */
#ifndef MT_CLI_RUN_DIRECTORY_H
#define MT_CLI_RUN_DIRECTORY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "profile/pprof/output.h"
#include "view/processes/processes.h"

#define MT_RUN_DIRECTORY_FILES "%e.%p" MT_OUTPUT_SUFFIX /* names of the profiles in it */

enum mt_run_directory_kind {
    MT_RUN_DIRECTORY_NONE,      /* files are named by a pattern, each by itself */
    MT_RUN_DIRECTORY_ON_DEMAND, /* for the second profile: the program's own may be a single file */
    MT_RUN_DIRECTORY_WANTED,    /* -o DIR/ */
};

struct mt_run_directory {
    enum mt_run_directory_kind kind;
    const char *pattern; /* of its name, without the slash at its end */
    const char *program; /* the main process: fields of the pattern */
    uint32_t pid;
    uint64_t since_ns; /* start of the run, since the epoch */
    bool force;
    struct mt_processes begun; /* what its index says until the end of the run */
    char *path;                /* once it has been made */
    int lock;                  /* it is held while memtrack is at work on the run; -1: none */
    struct mt_error problem;   /* why it is elsewhere than asked for, or could not be made */
};

/* The kind that an -o (NULL: none) asks for, and the pattern of the directory, malloc'ed as it
 * becomes *pattern. Returns false when out of memory. */
bool mt_run_directory_kind(const char *output, enum mt_run_directory_kind *kind, char **pattern);

/* Before the run: -MEMTRACK_EUSAGE when path is there and is not to be written into,
 * -MEMTRACK_EIO when it could not be made. */
int mt_run_directory_check(const char *path, bool force, struct mt_error *error);

/* Returns the path of the directory, which is made if it is not there yet; NULL when it cannot be
 * made: problem says why. */
const char *mt_run_directory_make(struct mt_run_directory *directory);

/* Writes the index into the directory, when there is one. Returns 0, -MEMTRACK_EIO or
 * -MEMTRACK_ENOMEM. */
int mt_run_directory_write_index(const struct mt_run_directory *directory,
                                 const struct mt_processes *processes, struct mt_error *error);

void mt_run_directory_free(struct mt_run_directory *directory);

#endif
