/* SPDX-License-Identifier: MIT */
/* Which profile a command works on. */
#ifndef MT_CLI_PICK_H
#define MT_CLI_PICK_H

/* The path of the profile meant by argument, malloc'ed: a file; "-" for standard input; the newest profile
 * (memtrack.*.pb.gz, else any *.pb.gz) of a directory; of the current one when argument is NULL. What was chosen is
 * said on stderr when there was a choice. NULL: there is none, and *status is the exit status; the reason is printed. */
char *mt_pick_profile(const char *program, const char *argument, int *status);

#endif
