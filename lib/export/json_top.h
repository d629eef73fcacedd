/* SPDX-License-Identifier: MIT */
/* A table of `memtrack top` as one line of JSON, "memtrack-top/1". */
#ifndef MT_EXPORT_JSON_TOP_H
#define MT_EXPORT_JSON_TOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "profile/profile.h"
#include "view/rows/rows.h"

struct mt_json_top_line {
    int64_t live_bytes, live_blocks, total_bytes, total_blocks;
    int64_t diff_live_bytes, diff_live_blocks;
    int64_t bytes_per_second, blocks_per_second;
    const struct mt_row *row; /* of the rows; NULL: the totals */
};

struct mt_json_top {
    const struct mt_profile *profile;
    const struct mt_rows *rows;
    const char *state; /* of the process */
    const char *sort;  /* the column's name */
    enum mt_group_by by;
    uint64_t uptime_ns, window_ns;
    uint64_t sample_bytes; /* 0: exact */
    bool is_off;
    uint64_t unknown_frees, dropped_events, lossy_blocks, failed_allocations;
    int64_t peak_bytes;
    uint64_t rss_bytes; /* 0: not known */
    bool has_rates;     /* else they are null */
    struct mt_json_top_line totals;
    const struct mt_json_top_line *lines;
    size_t n;
};

/* Every column of the rows adds up to its total. What could not be written shows in the stream. 0
 * or -MEMTRACK_ENOMEM. */
int mt_json_top(FILE *stream, const struct mt_json_top *top, struct mt_error *error);

#endif
