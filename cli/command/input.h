/* SPDX-License-Identifier: MIT */
/* Which profile a command works on. */
#ifndef MT_CLI_COMMAND_INPUT_H
#define MT_CLI_COMMAND_INPUT_H

#include <stdbool.h>

#include "base/error.h"
#include "profile/merge.h"
#include "profile/profile.h"
#include "view/at.h"
#include "view/processes/processes.h"
#include "view/symbols/symbols.h"

/* What mt_input_read is to read for argument, malloc'ed: a file; the pid of a process; "-" for
 * standard input; the newest profile (memtrack.*.pb.gz, else any *.pb.gz) of a directory; of the
 * current one when argument is NULL. What was chosen is said on stderr when there was a choice.
 * NULL: there is none, and *status is the exit status; the reason is printed. */
char *mt_input_choose(const char *program, const char *argument, int *status);
/* The same, and "WHAT@MOMENT" is WHAT and sets *at, unless a file is really called so; and the
 * directory of a run of several processes stands for the whole run: for mt_input_read_run. tree: any
 * directory stands for the newest run in it. */
char *mt_input_choose_at(const char *program, const char *argument, bool tree, struct mt_at *at,
                         int *status);

/* The same without a moment. */
char *mt_input_choose_run(const char *program, const char *argument, bool tree, int *status);

/* mt_subject_load, which takes regular files alone, and a profile on a standard input that is a
 * pipe (up to 1 GiB). */
int mt_input_read(const char *path, struct mt_profile **out, struct mt_error *error);

/* What is wanted of a profile beside what there is of the end of one process. */
struct mt_input_wanted {
    struct mt_merge_keep keep; /* of several processes; times: of one that runs as well */
    bool tree;                 /* a pid stands for all that descend from it */
    const struct mt_symbols_options *symbols; /* for a tree, whose processes get their names here */
};

/* Reads what mt_input_choose_at has chosen. Of a run or a tree it is the merged profile, and
 * *processes (the caller's to free, by mt_processes_free) tells of its processes; else there are
 * none. Errors are those of mt_input_read, mt_index_read, mt_merged_load and mt_live_tree_load. */
int mt_input_read_run(const char *path, const struct mt_input_wanted *wanted,
                      struct mt_processes *processes, struct mt_profile **out,
                      struct mt_error *error);

/* Returns the directory of the newest run here, malloc'ed; NULL when there is none, or a profile
 * that is newer. */
char *mt_input_newest_run(void);

#endif
