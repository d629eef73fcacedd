/* SPDX-License-Identifier: MIT */
/* The options of `memtrack watch`, as its parts need them. */
#ifndef MT_CLI_WATCHED_REQUEST_H
#define MT_CLI_WATCHED_REQUEST_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "command/options.h"
#include "watch/sampler.h"

/* What --max is about; of several processes the sum. */
enum mt_watched_figure { MT_WATCHED_RSS, MT_WATCHED_PSS, MT_WATCHED_USS, MT_WATCHED_SWAP };

struct mt_watched_request {
    struct mt_options_shared shared;
    const char *output; /* pattern; NULL: the default */
    pid_t pid;          /* 0: program is started */
    char **program;     /* and its arguments, NULL at the end */
    enum mt_sampler_backend backend;
    bool root_only;
    const char **patterns;
    size_t n_patterns;
    uint64_t timeout_ns, kill_after_ns; /* 0: not given */
    uint64_t max_bytes;                 /* 0: not given */
    enum mt_watched_figure max_of;
    bool max_of_given;
    const char *marks; /* a file; NULL: none */
};

/* Returns 0, or the exit status; has printed what was wrong. May exit for --help. The caller frees
 * patterns. */
int mt_watched_request_parse(int argc, char **argv, struct mt_watched_request *request);

#endif
