/* SPDX-License-Identifier: MIT */
/* What `memtrack check` has found, told in every way that the options ask for. */
#ifndef MT_CLI_CHECK_OUTPUT_H
#define MT_CLI_CHECK_OUTPUT_H

#include <stdio.h>

#include "base/error.h"
#include "check/request.h"
#include "export/check.h"

struct mt_check_output {
    const struct mt_check_request *options;
    const struct mt_checked *checked;
    size_t n, n_others;             /* n_others: processes that --process leaves out */
    const struct mt_check_run *run; /* NULL: the profiles were there before */
};

/* Makes sure, before a run, that the file of --junit can be written, and that what the last run has
 * left there is not taken for the result of one that is killed. Returns 0 or -MEMTRACK_EIO. */
int mt_check_output_prepare(const struct mt_check_request *options, struct mt_error *error);

/* Prints to the stream (what is said about all to standard error), writes the file of --junit, and
 * appends to the summary of a GitHub workflow. Returns 0, -MEMTRACK_EIO or -MEMTRACK_ENOMEM. */
int mt_check_output_put(const struct mt_check_output *output, FILE *stream, struct mt_error *error);

#endif
