/* SPDX-License-Identifier: MIT */
/*
 * Memory over time as JSON, schema memtrack-timeline/1 (docs/schema/memtrack-timeline-1.json).
 * Times are nanoseconds since the start of the timeline, which is the start of the first process. A
 * tick is written as it is made, for the reason that rows of a report are: a long axis is never in
 * memory as a tree. RSS, its part without files, PSS and swap are null where they were not read; 0
 * is a figure.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "export/export-local.h"
#include "export/json-local.h"
#include "view/format/format.h"
#include "view/timeline/breakdown.h"
#include "view/timeline/timeline.h"

struct writer {
    FILE *stream;
    bool failed; /* out of memory */
};

/* Writes "key": value, and frees the value. */
static void put(struct writer *w, const char *prefix, const char *key, json_t *value) {
    fprintf(w->stream, "%s\"%s\":", prefix, key);
    if (!value ||
        json_dumpf(value, w->stream, JSON_COMPACT | JSON_ENCODE_ANY | JSON_ENSURE_ASCII) != 0)
        w->failed |= !value || !ferror(w->stream);
    json_decref(value);
}

static json_t *time_or_null(uint64_t time_ns, bool is_known) {
    return is_known ? mt_json_number(time_ns) : json_null();
}

static json_t *resolution_object(const struct mt_course *course) {
    return json_pack("{s:o, s:o}", "finest_ns",
                     time_or_null(course->finest_ns, course->n_ticks > 1), "coarsest_ns",
                     time_or_null(course->coarsest_ns, course->n_ticks > 1));
}

static json_t *peak_object(const struct mt_course *course) {
    bool is_heap = course->main == MT_SERIES_LIVE;
    return json_pack(
        "{s:o, s:o, s:o}", "live_bytes", time_or_null(course->peak_bytes, is_heap), "time_ns",
        time_or_null(course->peak_ns, course->peak_time_known && is_heap), "error_ns",
        time_or_null(course->peak_error_ns, course->peak_time_known && course->profile && is_heap));
}

/* USS is there where somebody watched; other axes go without the member. */
static void put_figures(struct writer *w, const struct mt_point *point, bool has_uss) {
    for (size_t s = 0; s < MT_N_SERIES; s++)
        if (s == MT_SERIES_USS && !has_uss)
            continue;
        else if (point->is_read[s])
            fprintf(w->stream, ",\"%s\":%" PRIu64, mt_timeline_series_keys[s], point->value[s]);
        else
            fprintf(w->stream, ",\"%s\":null", mt_timeline_series_keys[s]);
}

static void put_ticks(struct writer *w, const struct mt_course *course) {
    const char *separator = "\n   ";
    fputs(",\"ticks\":[", w->stream);
    for (size_t i = 0; i < course->n_points; i++) {
        const struct mt_point *point = &course->points[i];
        if (point->is_peak)
            continue;
        fprintf(w->stream, "%s{\"time_ns\":%" PRIu64, separator, point->time_ns);
        put_figures(w, point, course->has[MT_SERIES_USS]);
        if (course->profile)
            fprintf(w->stream, ",\"total_blocks\":%" PRIu64 "}", point->total_blocks);
        else
            fprintf(w->stream, ",\"processes\":%" PRIu32 "}", point->n_processes);
        separator = ",\n   ";
    }
    fputs("]", w->stream);
}

/* Writes the highest reading of each of the kernel's figures. */
static void put_highest(struct writer *w, const struct mt_course *course) {
    for (size_t s = MT_SERIES_RSS; s < MT_N_SERIES; s++) {
        if (s == MT_SERIES_USS && !course->has[s])
            continue;
        fprintf(w->stream, ",\"peak_%s\":", mt_timeline_series_keys[s]);
        if (course->has[s])
            fprintf(w->stream, "%" PRIu64, course->highest[s]);
        else
            fputs("null", w->stream);
    }
}

static void put_marks(struct writer *w, const struct mt_timeline *t, size_t course) {
    json_t *marks = json_array();
    for (size_t i = 0; i < t->n_marks; i++)
        if (t->marks[i].course == course)
            json_array_append_new(marks, json_pack("{s:o, s:o, s:s}", "time_ns",
                                                   mt_json_number(t->marks[i].time_ns), "name",
                                                   mt_json_text(t->marks[i].name), "kind",
                                                   mt_json_mark_kind(t->marks[i].kind)));
    put(w, ",", "marks", marks);
}

/* Writes what the program said of itself, on the timeline's clock. */
static void put_scopes(struct writer *w, const struct mt_course *course) {
    const struct mt_profile *profile = course->profile;
    const struct mt_scopes *scopes = &profile->info.scopes;
    json_t *events = json_array(), *counters = json_array();
    for (size_t i = 0; i < scopes->n_events; i++) {
        const struct mt_scope_event *e = &scopes->events[i];
        json_array_append_new(events,
                              json_pack("{s:o, s:o, s:o, s:I, s:I, s:I}", "time_ns",
                                        mt_json_number(course->start_ns + e->time_ns),
                                        "duration_ns", mt_json_number(e->duration_ns), "name",
                                        mt_json_text(mt_profile_text(profile, e->name)), "tid",
                                        (json_int_t)e->tid, "net_bytes", (json_int_t)e->net_bytes,
                                        "peak_bytes", (json_int_t)e->peak_bytes));
    }
    for (size_t i = 0; i < scopes->n_counters; i++) {
        const struct mt_counter *c = &scopes->counters[i];
        json_array_append_new(counters,
                              json_pack("{s:o, s:o, s:I}", "time_ns",
                                        mt_json_number(course->start_ns + c->time_ns), "name",
                                        mt_json_text(mt_profile_text(profile, c->name)), "value",
                                        (json_int_t)c->value));
    }
    put(w, ",", "scopes", events);
    put(w, ",", "counters", counters);
}

static void put_course(struct writer *w, const struct mt_timeline *t, size_t index) {
    const struct mt_course *course = &t->courses[index];
    put(w, "{", "process", mt_json_process(course->profile));
    put(w, ",", "ppid", json_integer((json_int_t)course->profile->info.ppid));
    put(w, ",", "parent",
        course->parent == SIZE_MAX ? json_null() : json_integer((json_int_t)course->parent));
    put(w, ",", "start_ns", mt_json_number(course->start_ns));
    put(w, ",", "end_ns", mt_json_number(course->end_ns));
    put(w, ",", "peak", peak_object(course));
    put(w, ",", "resolution", resolution_object(course));
    put_highest(w, course);
    put_marks(w, t, index);
    put_scopes(w, course);
    put_ticks(w, course);
    fputs("}", w->stream);
}

static void put_sum(struct writer *w, const struct mt_timeline *t) {
    put(w, "{", "peak", peak_object(&t->sum));
    put(w, ",", "resolution", resolution_object(&t->sum));
    put_highest(w, &t->sum);
    put_ticks(w, &t->sum);
    fputs("}", w->stream);
}

static void put_breakdown(struct writer *w, const struct mt_breakdown *s) {
    fprintf(w->stream, "{\"resolution\":{\"coarsest_ns\":%" PRIu64 "},\"time_ns\":[",
            s->coarsest_ns);
    for (size_t m = 0; m < s->n_moments; m++)
        fprintf(w->stream, "%s%" PRIu64, m ? "," : "", s->time_ns[m]);
    fputs("],\"layers\":[", w->stream);
    for (size_t l = 0; l < s->n_layers; l++) {
        put(w, l ? ",\n  {" : "\n  {", "key", s->keys[l] ? mt_json_text(s->keys[l]) : json_null());
        fputs(",\"live_bytes\":[", w->stream);
        for (size_t m = 0; m < s->n_moments; m++)
            fprintf(w->stream, "%s%" PRId64, m ? "," : "", s->live_bytes[l * s->n_moments + m]);
        fputs("]}", w->stream);
    }
    fputs("]}", w->stream);
}

int mt_json_timeline(FILE *stream, const struct mt_export *thing, struct mt_error *error) {
    const struct mt_timeline *t = thing->timeline.timeline;
    const struct mt_breakdown *breakdown = thing->timeline.breakdown;
    struct writer w = {.stream = stream};
    char start[MT_FORMAT_BYTES];
    put(&w, "{", "schema", json_string("memtrack-timeline/1"));
    put(&w, ",\n ", "start_time", json_string(mt_format_rfc3339(start, t->start_time_ns)));
    put(&w, ",\n ", "duration_ns", mt_json_number(t->duration_ns));
    fputs(",\n \"processes\":[", stream);
    for (size_t i = 0; i < t->n_courses; i++) {
        fputs(i ? ",\n  " : "\n  ", stream);
        put_course(&w, t, i);
    }
    fputs("],\n \"tree\":", stream);
    if (t->sum.n_points)
        put_sum(&w, t);
    else
        fputs("null", stream);
    fputs(",\n \"composition\":", stream);
    if (breakdown)
        put_breakdown(&w, breakdown);
    else
        fputs("null", stream);
    fputs("}\n", stream);
    return w.failed ? mt_json_out_of_memory(error) : mt_json_finish(stream, error);
}
