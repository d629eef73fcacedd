/* SPDX-License-Identifier: MIT */
/* Names of profile files, and writing them without losing anything. */
#ifndef MT_PROFILE_PPROF_OUTPUT_H
#define MT_PROFILE_PPROF_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "profile/profile.h"

#define MT_OUTPUT_SUFFIX  ".pb.gz"
#define MT_OUTPUT_DEFAULT "memtrack.%e.%p" MT_OUTPUT_SUFFIX

/* What the placeholders of a pattern stand for. */
struct mt_output_fields {
    uint32_t pid;           /* %p */
    const char *program;    /* %e; characters that make no file name are replaced */
    uint64_t start_time_ns; /* %t, since the epoch: 20261121T092047Z */
    /* %h is the host's name, %% a percent sign */
};

/* -MEMTRACK_EUSAGE when the pattern has a placeholder that does not exist, or names nothing. */
int mt_output_check_pattern(const char *pattern, struct mt_error *error);
bool mt_output_has(const char *pattern, char placeholder);

/* The name for one process, malloc'ed (NULL: out of memory). insert goes before the suffix: ".123",
 * or "". */
char *mt_output_name(const char *pattern, const struct mt_output_fields *fields,
                     const char *insert);

/* A pattern with %n, the number in a series, replaced by number; *found: there was one. malloc'ed;
 * NULL: out of memory. */
char *mt_output_number(const char *pattern, const char *number, bool *found);

/* Before the run, for a name that is known then: -MEMTRACK_EUSAGE when it exists and force is not
 * set, -MEMTRACK_EIO when its directory cannot be written to. */
int mt_output_check(const char *path, bool force, struct mt_error *error);

/* After mt_output_write has succeeded with *why, which was empty before: makes of *why what is to
 * be said of a name that is not the wanted one (the name was taken, or the place takes nothing).
 * Empty when it is the wanted one. */
void mt_output_explain(const char *wanted, const char *written, struct mt_error *why);

/*
 * Write the profile to path, completely or not at all. A file that is there is replaced only with
 * force, and only when it is older than this run (since_ns since the epoch); else a number is added
 * to the name. *written is the name in the end (malloc'ed). When path's directory takes nothing,
 * $TMPDIR and /tmp are tried. -MEMTRACK_EIO, -MEMTRACK_ENOMEM.
 */
int mt_output_write(const struct mt_profile *profile, const char *path, bool force,
                    uint64_t since_ns, char **written, struct mt_error *error);

#endif
