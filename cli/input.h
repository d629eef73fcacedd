/* SPDX-License-Identifier: MIT */
/* Which profile a command works on. */
#ifndef MT_CLI_PICK_H
#define MT_CLI_PICK_H

#include "base/error.h"
#include "profile/profile.h"
#include "view/at.h"

/* What mt_pick_read is to read for argument, malloc'ed: a file; the pid of a process; "-" for
 * standard input; the newest profile (memtrack.*.pb.gz, else any *.pb.gz) of a directory; of the
 * current one when argument is NULL. What was chosen is said on stderr when there was a choice.
 * NULL: there is none, and *status is the exit status; the reason is printed. */
char *mt_pick_profile(const char *program, const char *argument, int *status);
/* The same, and "WHAT@MOMENT" is WHAT and sets *at, unless a file is really called so. */
char *mt_pick_profile_at(const char *program, const char *argument, struct mt_at *at, int *status);

/* mt_subject_load, which takes regular files alone, and a profile on a standard input that is a
 * pipe (up to 1 GiB). */
int mt_pick_read(const char *path, struct mt_profile **out, struct mt_error *error);

#endif
