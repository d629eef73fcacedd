/* SPDX-License-Identifier: MIT */
/* A file that an option names, for what a command makes of profiles: a chart, a trace, an export. */
#ifndef MT_CLI_TEXT_FILE_H
#define MT_CLI_TEXT_FILE_H

#include <stdbool.h>
#include <stdio.h>

#include "base/error.h"

struct mt_file {
    FILE *stream;     /* to write to */
    const char *path; /* the caller's, as long as the file is open */
    char *temporary;  /* private: what it is called until it is whole; NULL: it is no file */
    bool force;
};

/* Begins the file; "-" is standard output, and a device or a pipe is written to as it is. Returns
 * 0, -MEMTRACK_EUSAGE when it is there already and force is not set, or -MEMTRACK_EIO. */
int mt_file_create(struct mt_file *file, const char *path, bool force, struct mt_error *error);

/* Ends what mt_file_create began. rc is how the writing went: unless it is 0, nothing is left.
 * Returns rc when it is not 0, else how the end went. */
int mt_file_finish(struct mt_file *file, int rc, struct mt_error *error);

#endif
