/* SPDX-License-Identifier: MIT */
/* Memory over time as JSON (docs/schema/memtrack-timeline-1.json), CSV (RFC 4180) and SVG. */
#ifndef MT_EXPORT_TIMELINE_H
#define MT_EXPORT_TIMELINE_H

#include <stdio.h>

#include "base/error.h"
#include "view/timeline/breakdown.h"
#include "view/timeline/timeline.h"

/* breakdown may be NULL. 0, -MEMTRACK_ENOMEM or -MEMTRACK_EIO. */
int mt_json_timeline(FILE *stream, const struct mt_timeline *timeline,
                     const struct mt_breakdown *breakdown, struct mt_error *error);

/* A row per tick and process; of the sum, if there is one, a row per point; of the breakdown, if
 * given, a row per moment. Each row says in gap_ns how far it is from the one before. What could
 * not be read is an empty field. */
int mt_csv_timeline(FILE *stream, const struct mt_timeline *timeline,
                    const struct mt_breakdown *breakdown, struct mt_error *error);

struct mt_svg_options {
    unsigned width, height; /* pixels */
};

/* A chart that stands alone: no script, no other file; light and dark by prefers-color-scheme;
 * tooltips by title. What scopes and counters there are is drawn below, and makes it higher than
 * was asked for. Of the breakdown if given, else of the sum if there is one, else of the heap of
 * each process (with one: all its figures). */
int mt_svg_timeline(FILE *stream, const struct mt_timeline *timeline,
                    const struct mt_breakdown *breakdown, const struct mt_svg_options *options,
                    struct mt_error *error);

#endif
