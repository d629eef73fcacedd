/* SPDX-License-Identifier: MIT */
/* Which profile a command works on. */
#ifndef MT_CLI_COMMAND_INPUT_H
#define MT_CLI_COMMAND_INPUT_H

#include "base/error.h"
#include "profile/profile.h"
#include "view/at.h"

/* What mt_input_read is to read for argument, malloc'ed: a file; the pid of a process; "-" for
 * standard input; the newest profile (memtrack.*.pb.gz, else any *.pb.gz) of a directory; of the
 * current one when argument is NULL. What was chosen is said on stderr when there was a choice.
 * NULL: there is none, and *status is the exit status; the reason is printed. */
char *mt_input_choose(const char *program, const char *argument, int *status);
/* The same, and "WHAT@MOMENT" is WHAT and sets *at, unless a file is really called so. */
char *mt_input_choose_at(const char *program, const char *argument, struct mt_at *at, int *status);

/* mt_subject_load, which takes regular files alone, and a profile on a standard input that is a
 * pipe (up to 1 GiB). */
int mt_input_read(const char *path, struct mt_profile **out, struct mt_error *error);

#endif
