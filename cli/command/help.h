/* SPDX-License-Identifier: MIT */
/* --help of a command: the options that people look for, on one screen; all of them when asked. */
#ifndef MT_CLI_COMMAND_HELP_H
#define MT_CLI_COMMAND_HELP_H

#include <argp.h>

/* argp_parse, with the options that every command has: -h and --help (and exit), --help all,
 * --usage, --version. flags and input are those of argp_parse. */
error_t mt_help_parse(const struct argp *argp, int argc, char **argv, unsigned flags, void *input);

#endif
