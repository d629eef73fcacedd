/* SPDX-License-Identifier: MIT */
/* What attach and detach have in common. */
#ifndef MT_CLI_COMMAND_RECORDING_H
#define MT_CLI_COMMAND_RECORDING_H

#include <argp.h>
#include <stdbool.h>

/* For the commands' tables. */
extern const struct argp_option mt_recording_options[];
error_t mt_recording_parse(int key, char *text, struct argp_state *state);

/* Switches the recording of a running process on or off, as the arguments say. parser: made of the
 * two above. Returns the exit status. */
int mt_recording_command(int argc, char **argv, const struct argp *parser, bool on);

#endif
