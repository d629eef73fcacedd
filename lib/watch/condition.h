/* SPDX-License-Identifier: MIT */
/*
 * What --when says: one figure of one process against one bound.
 *
 *   live>1G   peak>=512M   rss>80%   pss>2G   swap>0   growth>1M/s   growth(60s)>10M/m
 *   blocks>5M   unknown_frees>0   failed>0   dropped>0   time>10m
 *
 * Sizes take K M G (powers of 1024), counts K M G of 1000. A percentage is of the memory that the
 * process may use (limit.h). Nothing here reads anything or keeps a clock: the caller brings the
 * figures.
 */
#ifndef MT_WATCH_CONDITION_H
#define MT_WATCH_CONDITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "watch/gauge.h"

enum mt_quantity {
    MT_QUANTITY_LIVE,
    MT_QUANTITY_PEAK,
    MT_QUANTITY_RSS,
    MT_QUANTITY_PSS,
    MT_QUANTITY_SWAP,
    MT_QUANTITY_GROWTH, /* of the live bytes, per second */
    MT_QUANTITY_BLOCKS, /* allocated so far */
    MT_QUANTITY_UNKNOWN_FREES,
    MT_QUANTITY_FAILED,
    MT_QUANTITY_DROPPED,
    MT_QUANTITY_TIME, /* since the start of the recording, ns */
};

struct mt_condition {
    enum mt_quantity quantity;
    bool is_below;      /* < or <=: true while the figure is small */
    bool is_inclusive;  /* >= or <= */
    bool is_percent;    /* bound is percent of the limit */
    double bound;       /* bytes, bytes/s, blocks, ns, or percent */
    uint64_t window_ns; /* of growth */
    const char *text;   /* as it was given; the caller's */
};

/* Reads a condition from text, which must outlive it. Returns 0 or -MEMTRACK_EUSAGE; the message
 * quotes the text and points at the place. */
int mt_condition_parse(const char *text, struct mt_condition *condition, struct mt_error *error);

/* How fast the live bytes grow: a robust slope through MT_GROWTH_SAMPLES figures that are spread
 * evenly over the window. Neither a spike of a tick nor a single step moves it. */
enum { MT_GROWTH_SAMPLES = 48 };
struct mt_growth {
    uint64_t window_ns, last_ns;
    size_t n, next; /* of the ring that the samples are */
    uint64_t time_ns[MT_GROWTH_SAMPLES];
    uint64_t live_bytes[MT_GROWTH_SAMPLES];
    bool is_known; /* the samples cover the window */
    double bytes_per_second;
};

/* One condition on one process: when it fires. It begins with zeros in all but growth
 * (mt_condition_watch_init). */
struct mt_condition_watch {
    bool is_true; /* it has fired, and has not been false since */
    bool has_fired;
    uint64_t fired_ns; /* the last time */
    struct mt_growth growth;
};
void mt_condition_watch_init(struct mt_condition_watch *watch,
                             const struct mt_condition *condition);

/*
 * Gives the figure that the condition is about, and the bound that it is compared with, in the same
 * unit. Returns false when the figure is not known, or not known yet.
 */
bool mt_condition_figure(const struct mt_condition *condition,
                         const struct mt_condition_watch *watch, const struct mt_gauge *gauge,
                         double *figure, double *bound);

/*
 * Returns true once each time the condition becomes true. It can do so again after the figure has
 * been on the other side of the bound by 5 % of the bound, and not before again_ns have passed
 * since it last fired. A figure that is not known changes nothing.
 */
bool mt_condition_fires(const struct mt_condition *condition, struct mt_condition_watch *watch,
                        const struct mt_gauge *gauge, uint64_t again_ns);

/* Writes a figure of this condition for people: "1.2 GiB", "3.4 MiB/s", "1,234 blocks", ... Returns
 * buffer. */
char *mt_condition_format(const struct mt_condition *condition, double figure, char *buffer,
                          size_t bytes);

#endif
