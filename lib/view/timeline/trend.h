/* SPDX-License-Identifier: MIT */
/* Whether memory grows: the slope of a course. */
#ifndef MT_VIEW_TIMELINE_TREND_H
#define MT_VIEW_TIMELINE_TREND_H

#include <stdbool.h>

#include "view/timeline/timeline.h"

/* Finds the slope, in bytes a second, of the straight line through the course with the least
 * squares; each moment counts alike, however many points fall into it. Returns false when there are
 * fewer than two moments at which the series has a value. */
bool mt_trend_of(const struct mt_course *course, enum mt_series series, double *per_second);

#endif
