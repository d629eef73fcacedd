/* SPDX-License-Identifier: MIT */
/* What `memtrack run` says at the end about one recorded process. */
#ifndef MT_CLI_RUN_SUMMARY_H
#define MT_CLI_RUN_SUMMARY_H

#include <stdio.h>

#include "base/error.h"
#include "profile/profile.h"
#include "text/terminal.h"
#include "view/rows/wrappers.h"

struct mt_run_summary_options {
    const char *profile_path; /* for the command to type next; NULL: the profile was not written */
    size_t n_lines;           /* 0: the default, 5 */
    enum mt_terminal_color color;
    bool exact_bytes;
    struct mt_wrapper_options wrappers;
    bool verbose; /* with the whole command, allocator and cost */
    bool by_live; /* lines are those that hold most now, not at the peak */
};

/* Prints the program, the peak with its time, total, temporary, live at exit and coverage (verbose:
 * all that is known), the lines that hold most at the peak (or now), and the next command. The profile must have its names.
 * On an error nothing is printed but a line that says so. */
void mt_run_summary_print(FILE *stream, const struct mt_profile *profile,
                          const struct mt_run_summary_options *options);

/* Prints the process as the object that `memtrack report --json -n N` prints, for `run --json`.
 * With n 0 it has every row. */
int mt_run_summary_print_json(FILE *stream, const struct mt_profile *profile,
                              const struct mt_wrapper_options *wrappers, size_t n,
                              struct mt_error *error);

#endif
