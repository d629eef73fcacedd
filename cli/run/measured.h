/* SPDX-License-Identifier: MIT */
/*
 * Running programs under `memtrack run` for a command that wants their profiles and not their
 * company: in a directory that is removed afterwards, whatever happens.
 */
#ifndef MT_CLI_RUN_MEASURED_H
#define MT_CLI_RUN_MEASURED_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct mt_measured_run {
    char **program;        /* and its arguments, NULL at the end */
    const char *directory; /* for the profiles, made by mt_measured_directory */
    const char *input;     /* standard input, a path; NULL: ours */
    const char *output;    /* standard output; NULL: ours */
    bool mmap;             /* mappings are recorded as well */
    bool output_to_errors; /* standard output is to go where standard error goes */
    const char *errors;    /* standard error of the program and of memtrack; NULL: ours */
};

/*
 * From here on SIGINT, SIGTERM, SIGHUP and SIGQUIT are noted, and passed on to the run that is
 * under way unless the terminal has sent them to everybody. One that was ignored stays so. Call it
 * once, before mt_measured_directory.
 */
void mt_measured_watch_signals(void);
/* The signal that asked us to stop, or 0. */
int mt_measured_stopped(void);
/* When there was one: end by it, as a shell expects. Call it last. */
void mt_measured_end_by_signal(void);

/* Run the program to its end. 0 and *status is that of memtrack run (the program's own, or 125 to
 * 127), or -MEMTRACK_EIO, -MEMTRACK_ENOMEM. Not thread-safe. */
int mt_measured_run(const struct mt_measured_run *run, int *status, struct mt_error *error);

/* A directory of mode 0700 below parent (NULL: $TMPDIR or /tmp), malloc'ed; or -MEMTRACK_EIO,
 * -MEMTRACK_ENOMEM. It is locked until this process ends. Once in a process. */
int mt_measured_directory(const char *parent, char **path, struct mt_error *error);
/* Remove the directories in parent that nobody has locked for a minute: those of trials that were
 * killed. */
void mt_measured_sweep(const char *parent);
/* Remove the profiles in it (*.pb.gz), or everything when all is set. Other directories in it are
 * left alone. */
void mt_measured_empty(const char *directory, bool all);

/* Paths of the profiles of a run in its directory, the program before its children; the list and
 * its elements are malloc'ed, free them with mt_measured_paths_free. -MEMTRACK_ENOTFOUND when there
 * are none. */
int mt_measured_paths(const char *directory, char ***paths, size_t *n, struct mt_error *error);
void mt_measured_paths_free(char **paths, size_t n);
/* Where they are to be kept: in a directory of the same file system, under names that are the same
 * each time, without process ids. As many, malloc'ed as the paths are; or -MEMTRACK_ENOMEM. */
int mt_measured_paths_in(char *const *paths, size_t n, const char *to, char ***settled,
                         struct mt_error *error);
/* Move them there; files of these names are replaced, whoever has put them there. -MEMTRACK_EIO. */
int mt_measured_move(char *const *paths, char *const *settled, size_t n, struct mt_error *error);

#endif
