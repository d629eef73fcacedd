/* SPDX-License-Identifier: MIT */
/*
 * What could be typed next, for the completions of shells, and the options of a command, for its
 * manual page. Both print to standard output and return an exit status.
 */
#ifndef MT_CLI_COMPLETION_COMPLETE_H
#define MT_CLI_COMPLETION_COMPLETE_H

#include <stddef.h>

#include "command/command.h"

/*
 * Does memtrack --complete WORD...: the words are those after "memtrack" up to the cursor, the last
 * of which may be empty. Prints a line for each thing that could stand in place of the last: the
 * thing, a tab and what it is; or, with a colon in front, what the shell can find better than we:
 *
 *     :files [PATTERN...]    files, those that match before all others
 *     :directories
 *     :programs
 *     :command N             the words from the Nth on, counted from 0, are a command line
 */
int mt_completion_complete(const struct mt_command *commands, size_t n, char **words,
                           size_t n_words);

/* Does memtrack --options COMMAND: prints "group, kind, letter, name, argument, text" in a line for
 * each heading and option, with tabs in between. */
int mt_completion_complete_list(const struct mt_command *commands, size_t n, const char *name);

#endif
