/* SPDX-License-Identifier: MIT */
/* What attach and detach have in common. */
#ifndef MT_CLI_COMMAND_RECORDING_H
#define MT_CLI_COMMAND_RECORDING_H

#include <stdbool.h>

/* Switches the recording of a running process on or off, as the arguments say. doc: of --help.
 * Returns the exit status. */
int mt_recording_command(int argc, char **argv, const char *doc, bool on);

#endif
