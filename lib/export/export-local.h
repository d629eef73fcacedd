/* SPDX-License-Identifier: MIT */
/* The functions that the table of export.c is made of: FORMAT_KIND in the file of that name.
 * Private to lib/export. */
#ifndef MT_EXPORT_LOCAL_H
#define MT_EXPORT_LOCAL_H

#include "export/export.h"
#include "export/profile_format.h"

typedef int mt_export_write(FILE *stream, const struct mt_export *thing, struct mt_error *error);

mt_export_write mt_json_report, mt_csv_report, mt_json_tree, mt_json_annotate, mt_json_lines,
    mt_json_diff, mt_csv_diff, mt_json_comparison, mt_json_check, mt_junit_check, mt_markdown_check,
    mt_github_check, mt_markdown_diff, mt_json_list, mt_json_index, mt_json_verify,
    mt_json_snapshot, mt_json_whois, mt_json_switch, mt_json_top, mt_json_scopes, mt_csv_scopes,
    mt_json_events, mt_csv_events, mt_trace_events, mt_json_timeline, mt_csv_timeline,
    mt_svg_timeline, mt_csv_events_of_timeline, mt_trace_timeline, mt_json_benchmarks,
    mt_markdown_benchmarks;

#define MT_EXPORT_DECLARE(name, format, writer, ...) mt_export_write writer;
MT_PROFILE_FORMATS(MT_EXPORT_DECLARE)

int mt_export_out_of_memory(struct mt_error *error);

/* Of what memtrack serve says between two profiles. */
mt_export_write mt_json_served, mt_json_served_marks;
mt_export_write mt_callgrind_calls, mt_pprof_calls;

/* Returns how the writing of a file went: -MEMTRACK_ENOMEM unless done, else 0 or -MEMTRACK_EIO by
 * the state of the stream. */
int mt_export_finish(FILE *stream, bool done, struct mt_error *error);

/* Returns how many of count are written when n are asked for; n 0 asks for all. */
static inline size_t mt_export_shown(size_t n, size_t count) {
    return n && n < count ? n : count;
}

#endif
