/* SPDX-License-Identifier: MIT */
/* What `memtrack run` says at the end about a run of several processes. */
#ifndef MT_CLI_RUN_PROCESSES_H
#define MT_CLI_RUN_PROCESSES_H

#include "text/terminal.h"
#include "view/processes/processes.h"

/* Prints the processes with most at their peaks, as a tree when they are few. */
void mt_run_processes_print(const struct mt_terminal *terminal,
                            const struct mt_processes *processes);

/* Prints who ran, the peak of all together with its course, and the totals. command: of the
 * program, as it was typed. */
void mt_run_processes_print_head(const struct mt_terminal *terminal,
                                 const struct mt_processes *processes, char *const *command);

#endif
