/* SPDX-License-Identifier: MIT */
/* Moments that somebody else names: lines that are appended to a file. */
#ifndef MT_CLI_WATCHED_MARKS_H
#define MT_CLI_WATCHED_MARKS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "watch/sampler.h"

struct mt_watched_marks {
    int fd; /* -1: none */
    char line[256];
    size_t length;
};

/* Opens the file, or makes it; what is in it already is no mark. path NULL: there are no marks.
 * Returns 0 or -MEMTRACK_EIO. */
int mt_watched_marks_open(struct mt_watched_marks *marks, const char *path, struct mt_error *error);
void mt_watched_marks_close(struct mt_watched_marks *marks);

/* Sets a mark for each line that has come, and for each SIGUSR1. */
void mt_watched_marks_take(struct mt_watched_marks *marks, struct mt_sampler *sampler,
                           uint64_t now_ns);

/* From now on SIGUSR1 is a mark. */
void mt_watched_marks_hear(void);

#endif
