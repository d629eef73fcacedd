/* SPDX-License-Identifier: MIT */
/*
 * A command is a file of this directory and a row of the table in main.c. It gets its own
 * arguments, with argv[0] "memtrack NAME" for messages, and returns the process's exit status.
 */
#ifndef MT_CLI_COMMAND_H
#define MT_CLI_COMMAND_H

#include "base/error.h"

struct mt_command {
    const char *name, *summary;
    int (*main)(int argc, char **argv);
};

enum mt_exit { /* of every command but run, which returns its child's status */
               MT_EXIT_OK = 0,
               MT_EXIT_FINDING = 1,
               MT_EXIT_USAGE = 2,
               MT_EXIT_UNREADABLE = 3,
};

/* What goes wrong below the commands as an exit status. */
int mt_exit_of_error(int rc);
/* The last thing a command does: flushes the output, waits for the pager, says what went wrong when
 * rc is negative. Returns the exit status; rc itself when it is not negative and everything was
 * written. */
int mt_command_end(const char *program, int rc, const struct mt_error *error);

int mt_cmd_run(int argc, char **argv);
int mt_cmd_report(int argc, char **argv);
int mt_cmd_scopes(int argc, char **argv);
int mt_cmd_timeline(int argc, char **argv);
int mt_cmd_diff(int argc, char **argv);
int mt_cmd_snapshot(int argc, char **argv);
int mt_cmd_top(int argc, char **argv);
int mt_cmd_list(int argc, char **argv);
int mt_cmd_whois(int argc, char **argv);
int mt_cmd_attach(int argc, char **argv);
int mt_cmd_detach(int argc, char **argv);
int mt_cmd_check(int argc, char **argv);
int mt_cmd_compare(int argc, char **argv);

#endif
