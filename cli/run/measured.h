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
#include "view/rows/wrappers.h"

struct mt_measured_run {
    char **program;                     /* the program and its arguments, NULL at the end */
    const char *directory;              /* for the profiles, made by mt_measured_directory */
    const char *input;                  /* standard input, a path; NULL: ours */
    const char *output;                 /* standard output; NULL: ours */
    struct mt_wrapper_options wrappers; /* whose patterns the profiles store */
    bool mmap;                          /* mappings are recorded as well */
    bool output_to_errors;              /* standard output is to go where standard error goes */
    const char *errors; /* standard error of the program and of memtrack; NULL: ours */
};

/*
 * Notes SIGINT, SIGTERM, SIGHUP and SIGQUIT from here on, and passes them on to the run that is
 * under way unless the terminal has sent them to everybody. A signal that was ignored stays
 * ignored. To be called once, before mt_measured_directory.
 */
void mt_measured_watch_signals(void);
/* Returns the signal that asked us to stop, or 0. */
int mt_measured_stopped(void);
/* Ends this process by that signal when there was one, as a shell expects. To be called last. */
void mt_measured_end_by_signal(void);

/* Runs the program to its end. Returns 0, and *status is that of memtrack run (the program's own,
 * or 125 to 127); or -MEMTRACK_EIO, -MEMTRACK_ENOMEM. It is not thread-safe. */
int mt_measured_run(const struct mt_measured_run *run, int *status, struct mt_error *error);

/* Makes a directory of mode 0700 below parent (NULL: $TMPDIR or /tmp); *path is malloc'ed. It is
 * locked until this process ends. To be called once in a process. Returns 0, -MEMTRACK_EIO or
 * -MEMTRACK_ENOMEM. */
int mt_measured_directory(const char *parent, char **path, struct mt_error *error);
/* Removes the directories in parent that nobody has locked for a minute: those of trials that were
 * killed. */
void mt_measured_sweep(const char *parent);
/* Removes the profiles in the directory (*.pb.gz), or everything when all is set. Other directories
 * in it are left alone. */
void mt_measured_empty(const char *directory, bool all);

/* Finds the profiles of a run in its directory: their paths, the program before its children. The
 * caller frees the list and its elements with mt_measured_paths_free. Returns 0,
 * -MEMTRACK_ENOTFOUND when there are none, or -MEMTRACK_ENOMEM. */
int mt_measured_paths(const char *directory, char ***paths, size_t *n, struct mt_error *error);
void mt_measured_paths_free(char **paths, size_t n);
/* Tells where they are to be kept: in the directory to, of the same file system, under names that
 * are the same each time, without process ids. *settled has as many as there are paths, and is
 * freed in the same way. Returns 0 or -MEMTRACK_ENOMEM. */
int mt_measured_paths_in(char *const *paths, size_t n, const char *to, char ***settled,
                         struct mt_error *error);
/* Moves them there; files of these names are replaced, whoever has put them there. Returns 0 or
 * -MEMTRACK_EIO. */
int mt_measured_move(char *const *paths, char *const *settled, size_t n, struct mt_error *error);

#endif
