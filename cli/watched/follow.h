/* SPDX-License-Identifier: MIT */
/* Watching until it is over: the ticks, the limits, and what becomes of those that exceed them. */
#ifndef MT_CLI_WATCHED_FOLLOW_H
#define MT_CLI_WATCHED_FOLLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "launch/launch.h"
#include "watch/sampler.h"
#include "watched/marks.h"
#include "watched/request.h"

enum mt_watched_why { MT_WATCHED_ENDED, MT_WATCHED_OVER_MAX, MT_WATCHED_OVER_TIME };

struct mt_watched {
    const struct mt_watched_request *request;
    struct mt_sampler *sampler;
    struct mt_watched_marks *marks;
    struct mt_launched *child; /* NULL: somebody else's process */
    uint64_t end_ns;           /* of watching, CLOCK_MONOTONIC */
    enum mt_watched_why why;
    uint64_t exceeding_bytes; /* what they used when that was too much */
    bool is_rss;              /* it was RSS, for want of PSS */
    bool was_killed;
    size_t n_left; /* that still run */
    /* private */
    uint64_t kill_ns;
};

/* Watches until the processes have ended, or --for has gone by, or (of somebody else's process) a
 * signal arrives. A child has ended then, whatever --for says. */
void mt_watched_follow(struct mt_watched *watched);

#endif
