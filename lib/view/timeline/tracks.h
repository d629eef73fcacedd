/* SPDX-License-Identifier: MIT */
/*
 * What the programs of a timeline said of themselves, column by column: when scopes of a name ran,
 * and how high each of their counters stood. Pure functions; nothing in a profile is believed to be
 * in order or in range.
 */
#ifndef MT_VIEW_TIMELINE_TRACKS_H
#define MT_VIEW_TIMELINE_TRACKS_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "view/timeline/timeline.h"

#define MT_TRACK_NONE (-HUGE_VAL)

struct mt_timeline_track {
    const char *name; /* the profile's text: may hold anything */
    bool is_counter;
    /* For scopes 1 where any ran, else 0; for a counter its value, MT_TRACK_NONE where it had
     * none. */
    double *columns;
    double most; /* the highest of them */
};

struct mt_timeline_tracks {
    struct mt_timeline_track *items; /* scopes first */
    size_t n;
    size_t n_left_out; /* names that there was no place for */
};

/*
 * Divides the whole time of the timeline into n columns, and takes the names whose scopes took
 * longest, and the counters that were set most often, at most MT_TRACKS_OF_A_KIND of each. They are
 * those of one course, or of all when it is NULL or the sum: then equal names are one track, and
 * counters are added up. Only scopes that are kept one by one count. Returns 0 or -MEMTRACK_ENOMEM.
 */
enum { MT_TRACKS_OF_A_KIND = 5 };
int mt_tracks_build(const struct mt_timeline *timeline, const struct mt_course *course, size_t n,
                    struct mt_timeline_tracks *tracks);
void mt_tracks_free(struct mt_timeline_tracks *tracks);

/* Returns the value of a counter in a column: from 0 to 1 of its highest; negative values are 0;
 * -1 where it had none. */
double mt_tracks_share(const struct mt_timeline_track *track, size_t column);
int64_t mt_tracks_most(const struct mt_timeline_track *track); /* as a number to show */

#endif
