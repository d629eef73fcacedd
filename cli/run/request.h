/* SPDX-License-Identifier: MIT */
/* The options of `memtrack run`, as its parts need them. */
#ifndef MT_CLI_RUN_REQUEST_H
#define MT_CLI_RUN_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "command/charged.h"
#include "command/options.h"
#include "watch/trigger.h"

struct mt_run_request {
    struct mt_options_shared shared;
    struct mt_charged charged;
    const char *output; /* pattern; NULL: the default */
    bool follow;
    bool python;           /* its lines are read */
    char *only;            /* patterns of programs, ':' between; NULL: all are recorded */
    uint64_t sample_bytes; /* 0: every allocation */
    uint64_t max_ledger;   /* bytes; 0: no bound; UINT64_MAX: as the recorder has it */
    const char *allocator; /* NULL: the program's own */
    uint64_t frames;       /* 0: the default */
    uint64_t scope_sample; /* one scope in so many is measured; 0: the default */
    uint64_t limit_peak;   /* live bytes that no allocation may exceed; 0: no limit */
    bool limit_aborts;     /* what would exceed it ends the program */
    const char **lines;    /* patterns of functions and files, line by line */
    size_t n_lines;
    bool exact_peak, usable, allocator_stats, dormant, mmap;
    struct mt_triggers *triggers; /* always there; freed by the caller of mt_run_request_parse */
    char **program;               /* and its arguments, NULL at the end */
};

/* 0, or the exit status; has printed what was wrong. May exit for --help. */
int mt_run_request_parse(int argc, char **argv, struct mt_run_request *options);

#endif
