/* SPDX-License-Identifier: MIT */
/* Scopes, by name and one by one, as JSON, as CSV (RFC 4180) and as a trace for Perfetto and
 * chrome://tracing. */
#ifndef MT_EXPORT_SCOPES_H
#define MT_EXPORT_SCOPES_H

#include <stdio.h>

#include "base/error.h"
#include "view/scopes/rows.h"
#include "view/timeline/timeline.h"

/* The first n rows, all of them when n is 0. JSON: docs/schema/memtrack-scopes-1.json. 0,
 * -MEMTRACK_ENOMEM or -MEMTRACK_EIO, like all below; a partly written stream is the caller's to
 * judge. */
int mt_json_scopes(FILE *stream, const struct mt_scopes_rows *rows, size_t n,
                   struct mt_error *error);
int mt_csv_scopes(FILE *stream, const struct mt_scopes_rows *rows, size_t n,
                  struct mt_error *error);

/* The last n scopes that ended (0: all that are kept), marks and counters, with what the program
 * said about each. JSON: docs/schema/memtrack-scope-events-1.json. CSV: a row each, its kind in the
 * first column. */
int mt_json_events(FILE *stream, const struct mt_profile *profile, size_t n,
                   struct mt_error *error);
int mt_csv_events(FILE *stream, const struct mt_profile *profile, size_t n, struct mt_error *error);

/*
 * All of these, and the heap and RSS of the time axis, in the JSON trace event format ("Trace Event
 * Format", Google): a scope is a complete event (X) of its thread, or a pair of asynchronous ones
 * (b, e) when it does not nest with the others there; counters are C events, marks are instants
 * (i).
 */
int mt_trace_events(FILE *stream, const struct mt_profile *profile, struct mt_error *error);

/* The same of all processes of a timeline, on its clock. CSV: with the pid in the first column. */
int mt_trace_timeline(FILE *stream, const struct mt_timeline *timeline, struct mt_error *error);
int mt_csv_events_of_timeline(FILE *stream, const struct mt_timeline *timeline,
                              struct mt_error *error);

#endif
