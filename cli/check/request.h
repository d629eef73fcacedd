/* SPDX-License-Identifier: MIT */
/* The options of `memtrack check`, as its parts need them. */
#ifndef MT_CLI_CHECK_REQUEST_H
#define MT_CLI_CHECK_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "command/charged.h"
#include "command/options.h"
#include "export/export.h"
#include "view/budget/budget.h"

struct mt_check_request {
    struct mt_options_shared shared;
    struct mt_charged charged;
    const char **files;
    size_t n_files;
    char **program; /* with --run: and its arguments, NULL at the end */
    bool run, verbose, strict, mmap, tolerance_given, count_runtime;
    const char *profiles, *junit, *baseline;
    bool has_format, format_given; /* without a format it is text */
    enum mt_export_format format;
    bool github; /* annotations beside the text, and a summary */
    double tolerance_percent;
    struct mt_budget *budgets;
    size_t n_budgets;
    const char **ignored;
    size_t n_ignored;
    const char **processes; /* patterns: only these are checked; none: all */
    size_t n_processes;
};

/* Ends the process for wrong usage and for --help. Free the options. */
void mt_check_request_parse(int argc, char **argv, struct mt_check_request *options);
void mt_check_request_free(struct mt_check_request *options);

#endif
