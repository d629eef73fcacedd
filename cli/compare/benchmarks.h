/* SPDX-License-Identifier: MIT */
/* The part of `memtrack compare` that is about two files of benchmarks. */
#ifndef MT_CLI_COMPARE_BENCHMARKS_H
#define MT_CLI_COMPARE_BENCHMARKS_H

#include <stdbool.h>

#include "base/error.h"
#include "command/options.h"

struct mt_compare_benchmarks {
    const char *files[2]; /* "-": standard input */
    bool markdown, fail_above_given;
    double fail_above_percent;
};

/* Reads and prints. Returns 0, MT_EXIT_FINDING when one has become worse than it may, or a negative
 * error. */
int mt_compare_benchmarks_tell(const struct mt_compare_benchmarks *benchmarks,
                               const struct mt_options_shared *shared, struct mt_error *error);

#endif
