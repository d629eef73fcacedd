/* SPDX-License-Identifier: MIT */
/* Allocations, as the threads of a profile for Firefox's profiler have them; private to
 * lib/export. */
#ifndef MT_EXPORT_FIREFOX_MEMORY_H
#define MT_EXPORT_FIREFOX_MEMORY_H

#include <stdbool.h>
#include <stdio.h>

#include "export/firefox_tables.h"

/* Writes ,"nativeAllocations":{…}: one allocation for each row that has something in the column, at
 * this time. n: rows. */
void mt_firefox_memory_put_column(FILE *out, const struct mt_firefox_tables *tables, size_t n,
                                  enum mt_value column, uint64_t time_ns);
/* Writes the same of the time axis: what call paths gained and lost from one change to the next, so
 * that what is retained at the end of any range of time is what was live then. n: rows. Returns
 * false when out of memory. */
bool mt_firefox_memory_put_course(FILE *out, const struct mt_firefox_tables *tables, size_t n);

/* Writes a time or duration in milliseconds. A file may hold any time: one that is later than this
 * is written as this. */
#define MT_FIREFOX_LAST_NS (UINT64_MAX / 4)
void mt_firefox_memory_put_time(FILE *out, uint64_t ns);

#endif
