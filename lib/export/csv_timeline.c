/* SPDX-License-Identifier: MIT */
/*
 * Memory over time as CSV, by the rules of csv.c: a row per tick and process; of the sum, if there
 * is one, a row per point; of the breakdown, if given, a row per time. Each row says in gap_ns how
 * far it is from the one before. What could not be read is an empty field.
 */
#include <inttypes.h>

#include "export/csv-local.h"
#include "export/export-local.h"
#include "view/timeline/breakdown.h"
#include "view/timeline/timeline.h"

/* USS has a column where somebody watched. */
static bool has_uss(const struct mt_timeline *t) {
    bool has = t->sum.has[MT_SERIES_USS];
    for (size_t i = 0; i < t->n_courses && !has; i++)
        has = t->courses[i].has[MT_SERIES_USS];
    return has;
}

static void put_csv_figures(FILE *stream, const struct mt_point *point, size_t n) {
    for (size_t s = 0; s < n; s++)
        if (point->is_read[s])
            fprintf(stream, ",%" PRIu64, point->value[s]);
        else
            putc(',', stream);
}

/* Writes a row per tick. head is what comes before the time. */
static void put_csv_course(FILE *stream, const struct mt_course *course, size_t n_series) {
    uint64_t last_ns = course->start_ns;
    for (size_t i = 0; i < course->n_points; i++) {
        const struct mt_point *point = &course->points[i];
        if (point->is_peak)
            continue;
        if (course->profile)
            fprintf(stream, "%" PRIu32 ",", course->profile->info.pid);
        fprintf(stream, "%" PRIu64 ",%" PRIu64, point->time_ns, point->time_ns - last_ns);
        put_csv_figures(stream, point, n_series);
        if (course->profile)
            fprintf(stream, ",%" PRIu64 "\r\n", point->total_blocks);
        else
            fprintf(stream, ",%" PRIu32 "\r\n", point->n_processes);
        last_ns = point->time_ns;
    }
}

static bool put_csv_breakdown(FILE *stream, const struct mt_breakdown *s) {
    bool done = true;
    fputs("time_ns,gap_ns", stream);
    for (size_t l = 0; l < s->n_layers; l++) {
        putc(',', stream);
        done = mt_csv_put(stream, s->keys[l] ? s->keys[l] : "[other]") && done;
    }
    fputs("\r\n", stream);
    for (size_t m = 0; m < s->n_moments; m++) {
        fprintf(stream, "%" PRIu64 ",%" PRIu64, s->time_ns[m],
                m ? s->time_ns[m] - s->time_ns[m - 1] : 0);
        for (size_t l = 0; l < s->n_layers; l++)
            fprintf(stream, ",%" PRId64, s->live_bytes[l * s->n_moments + m]);
        fputs("\r\n", stream);
    }
    return done;
}

int mt_csv_timeline(FILE *stream, const struct mt_export *thing, struct mt_error *error) {
    const struct mt_timeline *t = thing->timeline.timeline;
    const struct mt_breakdown *breakdown = thing->timeline.breakdown;
    size_t n_series = has_uss(t) ? MT_N_SERIES : MT_SERIES_USS;
    const char *figures = has_uss(t)
                              ? "live_bytes,rss_bytes,pss_bytes,swap_bytes,anon_bytes,uss_bytes"
                              : "live_bytes,rss_bytes,pss_bytes,swap_bytes,anon_bytes";
    bool done = true;
    if (breakdown) {
        done = put_csv_breakdown(stream, breakdown);
    } else if (t->sum.n_points) {
        fprintf(stream, "time_ns,gap_ns,%s,processes\r\n", figures);
        put_csv_course(stream, &t->sum, n_series);
    } else {
        fprintf(stream, "pid,time_ns,gap_ns,%s,total_blocks\r\n", figures);
        for (size_t i = 0; i < t->n_courses; i++)
            put_csv_course(stream, &t->courses[i], n_series);
    }
    return mt_csv_finish(stream, done, error);
}
