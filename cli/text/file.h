/* SPDX-License-Identifier: MIT */
/* A file that an option names, for what is no profile: a chart, a trace. */
#ifndef MT_CLI_TEXT_FILE_H
#define MT_CLI_TEXT_FILE_H

#include <stdbool.h>
#include <stdio.h>

#include "base/error.h"

/* Creates the file and opens it for writing; "-" is standard output. Returns 0, -MEMTRACK_EUSAGE
 * when it is there already and force is not set, or -MEMTRACK_EIO. */
int mt_file_create(const char *path, bool force, FILE **out, struct mt_error *error);

/* Closes what mt_file_create gave. rc is how the writing went. Returns rc when it is not 0, else
 * how the closing went. */
int mt_file_finish(FILE *file, const char *path, int rc, struct mt_error *error);

#endif
