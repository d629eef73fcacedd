/* SPDX-License-Identifier: MIT */
/*
 * Points are dense where somebody looked often, at the beginning and lately. A line through the
 * points would be about those times; so it goes through equal parts of the whole time instead.
 */
#include "view/timeline/trend.h"

enum { PARTS = 400 };

bool mt_trend_of(const struct mt_course *course, enum mt_series series, double *per_second) {
    double columns[PARTS], n = 0, x_sum = 0, y_sum = 0, xx = 0, xy = 0;
    double part_s = (double)(course->end_ns - course->start_ns) / PARTS / 1e9;
    mt_timeline_columns(course, series, course->start_ns, course->end_ns, columns, PARTS);
    for (int i = 0; i < PARTS; i++)
        if (columns[i] >= 0) {
            n++;
            x_sum += i;
            y_sum += columns[i];
        }
    for (int i = 0; i < PARTS && n > 0; i++)
        if (columns[i] >= 0) {
            double x = i - x_sum / n;
            xx += x * x;
            xy += x * (columns[i] - y_sum / n);
        }
    if (xx <= 0 || part_s <= 0)
        return false;
    *per_second = xy / xx / part_s;
    return true;
}
