/* SPDX-License-Identifier: MIT */
/* The options of `memtrack check`, as its parts need them. */
#ifndef MT_CLI_CHECK_REQUEST_H
#define MT_CLI_CHECK_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "text/terminal.h"
#include "view/budget/budget.h"
#include "view/symbols/symbols.h"

struct mt_check_request {
    const char *name; /* argv[0]: for messages */
    const char **files;
    size_t n_files;
    char **program; /* with --run: and its arguments, NULL at the end */
    bool run, json, quiet, verbose, strict, mmap, tolerance_given, count_runtime;
    const char *profiles, *junit, *baseline;
    double tolerance_percent;
    struct mt_budget *budgets;
    size_t n_budgets;
    const char **ignored;
    size_t n_ignored;
    const char **processes; /* patterns: only these are checked; none: all */
    size_t n_processes;
    enum mt_terminal_color color;
    struct mt_symbols_options symbols;
};

/* Ends the process for wrong usage and for --help. Free the options. */
void mt_check_request_parse(int argc, char **argv, struct mt_check_request *options);
void mt_check_request_free(struct mt_check_request *options);

#endif
