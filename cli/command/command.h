/* SPDX-License-Identifier: MIT */
/*
 * A command is a file of this directory and a row of the table in main.c. It gets its own
 * arguments, with argv[0] "memtrack NAME" for messages, and returns the process's exit status.
 */
#ifndef MT_CLI_COMMAND_COMMAND_H
#define MT_CLI_COMMAND_COMMAND_H

#include <argp.h>

#include "base/error.h"

struct mt_command {
    const char *name, *summary;
    int (*main)(int argc, char **argv);
    const struct argp *argp; /* what it parses, prints its help with, and is completed with */
    const char *heading;     /* of the group of commands that it begins, or NULL */
};

enum mt_exit { /* of every command but run, which returns its child's status */
               MT_EXIT_OK = 0,
               MT_EXIT_FINDING = 1,
               MT_EXIT_USAGE = 2,
               MT_EXIT_UNREADABLE = 3,
};

/* What goes wrong below the commands as an exit status. */
int mt_command_exit_status(int rc);
/* The last thing a command does: flushes the output, waits for the pager, says what went wrong when
 * rc is negative. Returns the exit status; rc itself when it is not negative and everything was
 * written. */
int mt_command_end(const char *program, int rc, const struct mt_error *error);

int mt_run_command(int argc, char **argv);
int mt_report_command(int argc, char **argv);
int mt_tree_command(int argc, char **argv);
int mt_annotate_command(int argc, char **argv);
int mt_scopes_command(int argc, char **argv);
int mt_timeline_command(int argc, char **argv);
int mt_watch_command(int argc, char **argv);
int mt_diff_command(int argc, char **argv);
int mt_snapshot_command(int argc, char **argv);
int mt_top_command(int argc, char **argv);
int mt_serve_command(int argc, char **argv);
int mt_list_command(int argc, char **argv);
int mt_whois_command(int argc, char **argv);
int mt_attach_command(int argc, char **argv);
int mt_detach_command(int argc, char **argv);
int mt_check_command(int argc, char **argv);
int mt_compare_command(int argc, char **argv);
int mt_export_command(int argc, char **argv);

extern const struct argp mt_run_request_argp, mt_report_argp, mt_tree_argp, mt_annotate_argp,
    mt_scopes_argp, mt_timeline_argp, mt_diff_argp, mt_snapshot_argp, mt_top_argp, mt_serve_argp,
    mt_list_argp, mt_whois_argp, mt_attach_argp, mt_detach_argp, mt_check_request_argp,
    mt_compare_argp, mt_export_argp, mt_watch_argp;

#endif
