/* SPDX-License-Identifier: MIT */
/*
 * What stands above a chart says what the chart cannot: how exact it is, and what its lines count
 * twice. Of processes that somebody watched it says the peak, which may lie between two points.
 */
#include "timeline/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "profile/called.h"
#include "text/lines.h"
#include "view/format/format.h"
#include "view/timeline/trend.h"

#define LEAST_TREND_NS UINT64_C(1000000000)

enum { SHOWN_PROCESSES = 20 };

/* What was found out about another tool's file, among it that its time is none. */
static void add_notes(const struct mt_profile *profile, struct mt_summary *lines) {
    for (size_t i = 0; i < profile->info.n_notes && !profile->info.is_memtrack; i++)
        mt_summary_add(lines, i ? "" : "coverage", false, "%s",
                       mt_profile_text(profile, profile->info.notes[i]));
}

/* Of several processes the first is named, which started the others. */
static void add_subject(const struct mt_timeline *t, const struct mt_summary_format *format,
                        struct mt_summary *lines) {
    const struct mt_profile *profile = t->courses[0].profile;
    char lasted[MT_FORMAT_BYTES], start[MT_FORMAT_BYTES];
    if (t->n_courses == 1) {
        mt_summary_process(profile, format, lines);
        add_notes(profile, lines);
        return;
    }
    mt_format_duration(lasted, t->duration_ns);
    mt_format_rfc3339(start, t->start_time_ns);
    mt_summary_add(lines, "program", false, "%s and %zu more process%s%s (%s%s%s)",
                   format->verbose ? mt_profile_text(profile, profile->info.exe)
                                   : mt_called_name(profile),
                   t->n_courses - 1, t->n_courses == 2 ? "" : "es",
                   t->sum.n_points ? ", summed"
                   : t->is_aligned ? ", each from its beginning"
                                   : "",
                   lasted, format->verbose ? " from " : "", format->verbose ? start : "");
}

/* The kernel keeps the peak of each process itself. */
static void add_peak_rss(const struct mt_timeline *t, struct mt_summary *lines) {
    const struct mt_course *most = NULL;
    uint64_t most_bytes = 0;
    char size[MT_FORMAT_BYTES];
    for (size_t i = 0; i < t->n_courses; i++)
        if (t->courses[i].profile->info.peak_rss_bytes > most_bytes) {
            most = &t->courses[i];
            most_bytes = most->profile->info.peak_rss_bytes;
        }
    if (!most)
        return;
    const char *how = most->profile->info.peak_rss_is_exact
                          ? "the kernel's own figure, spikes included"
                          : "so far as the kernel was asked, spikes included";
    mt_format_size(size, (int64_t)most_bytes, false);
    if (t->n_courses == 1)
        mt_summary_add(lines, "peak RSS", false, "%s (%s)", size, how);
    else
        mt_summary_add(lines, "peak RSS", false, "%s in process %" PRIu32 ", %s (%s)", size,
                       most->profile->info.pid, mt_called_name(most->profile), how);
}

static void add_peak_of_sum(const struct mt_course *sum, struct mt_summary *lines) {
    char size[MT_FORMAT_BYTES], parts[3 * MT_FORMAT_BYTES + 40] = "";
    static const enum mt_series series[] = {MT_SERIES_PSS, MT_SERIES_USS, MT_SERIES_LIVE};
    for (size_t i = 0; i < sizeof series / sizeof *series; i++)
        if (sum->has[series[i]])
            snprintf(parts + strlen(parts), sizeof parts - strlen(parts), ", %s %s",
                     mt_timeline_series_labels[series[i]],
                     mt_format_size(size, (int64_t)sum->highest[series[i]], false));
    mt_summary_add(lines, "at most", false, "RSS %s%s",
                   mt_format_size(size, (int64_t)sum->highest[MT_SERIES_RSS], false), parts);
}

static void add_trend(const struct mt_course *course, struct mt_summary *lines) {
    double per_second;
    char change[MT_FORMAT_BYTES];
    if (course->end_ns - course->start_ns >= LEAST_TREND_NS &&
        mt_trend_of(course, course->main, &per_second))
        mt_summary_add(lines, "trend", false,
                       "RSS %s a second (a straight line through all points)",
                       mt_format_size_change(change, (int64_t)per_second, false));
}

static void print_head(const struct mt_terminal *terminal, const struct mt_timeline *t,
                       bool verbose) {
    const struct mt_course *course = t->sum.n_points ? &t->sum : &t->courses[0];
    struct mt_summary_format format = mt_lines_format(terminal, false, verbose);
    struct mt_summary lines = {0};
    char coarsest[MT_FORMAT_BYTES];
    add_subject(t, &format, &lines);
    if (course->main == MT_SERIES_RSS && (t->sum.n_points || t->n_courses == 1)) {
        add_peak_of_sum(course, &lines);
        add_peak_rss(t, &lines);
        add_trend(course, &lines);
    }
    if (course->n_ticks > 1)
        mt_summary_add(&lines, "chart", false, "one point per %s (its maximum)",
                       mt_format_duration(coarsest, course->coarsest_ns));
    else
        mt_summary_add(&lines, "chart", false, "one point: it ended before the second tick");
    if (t->sum.n_points && t->sum.has[MT_SERIES_RSS])
        mt_summary_add(&lines, "", false,
                       "RSS has shared pages once for each process; PSS counts them once");
    if (course->has[MT_SERIES_PSS] && course->main == MT_SERIES_RSS)
        mt_summary_add(&lines, "", false,
                       "PSS, USS and swap are read now and then: the kernel walks all pages");
    else if (course->has[MT_SERIES_PSS])
        mt_summary_add(&lines, "", false, "PSS and swap are read at most twice a second");
    mt_lines_print(terminal, &lines);
    fputc('\n', terminal->stream);
}

int mt_timeline_text_print(const struct mt_terminal *terminal, const struct mt_timeline *t,
                           const struct mt_timeline_text_options *options) {
    print_head(terminal, t, options->verbose);
    int rc = 0;
    if (t->sum.n_points)
        rc = mt_chart_print(terminal, t, &t->sum, &options->chart);
    else if (t->n_courses == 1)
        rc = mt_chart_print(terminal, t, &t->courses[0], &options->chart);
    if (rc == 0 && t->n_courses > 1) {
        if (t->sum.n_points)
            fputc('\n', terminal->stream);
        rc = mt_chart_print_processes(terminal, t, SHOWN_PROCESSES, &options->chart);
    }
    return rc;
}
