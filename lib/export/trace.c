/* SPDX-License-Identifier: MIT */
/*
 * Scopes, marks and counters, and the heap and RSS of the time axis, in the JSON trace event format
 * ("Trace Event Format", Google) for Perfetto and chrome://tracing: a scope is a complete event (X)
 * of its thread, or a pair of asynchronous ones (b, e) when it does not nest with the others there;
 * counters are C events, marks are instants (i).
 *
 * Viewers stack the complete events of a thread by their times and drop, or
 * misplace, one that begins inside of another and ends after it. Scopes of the whole process and
 * scopes that changed threads do that, so each thread's events are walked once in the order of
 * their begin, with a stack of ends, and those that do not fit become asynchronous pairs, which
 * viewers give tracks of their own.
 *
 * Times are microseconds with the nanoseconds as decimals.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "export/export-local.h"
#include "export/json-local.h"
#include "view/timeline/timeline.h"

struct trace {
    FILE *stream;
    const struct mt_profile *profile;
    uint64_t start_ns; /* of the process, on the clock of the trace */
    size_t n;          /* events written */
    bool failed;
};

/* Writes {"name":NAME,"ph":PHASE,"pid":…,"tid":…, and leaves the object open. */
static void begin(struct trace *t, mt_string name, const char *phase, uint32_t tid) {
    json_t *text = mt_json_text(mt_profile_text(t->profile, name));
    fprintf(t->stream, "%s{\"name\":", t->n++ ? ",\n" : "\n");
    if (!text ||
        (json_dumpf(text, t->stream, MT_JSON_FLAGS | JSON_ENCODE_ANY) != 0 && !ferror(t->stream)))
        t->failed = true;
    json_decref(text);
    fprintf(t->stream, ",\"ph\":\"%s\",\"pid\":%" PRIu32 ",\"tid\":%" PRIu32, phase,
            t->profile->info.pid, tid);
}

static void put_duration(struct trace *t, const char *key, uint64_t ns) {
    fprintf(t->stream, ",\"%s\":%" PRIu64 ".%03" PRIu64, key, ns / 1000, ns % 1000);
}

static void put_time(struct trace *t, uint64_t ns) {
    uint64_t at;
    put_duration(t, "ts", __builtin_add_overflow(t->start_ns, ns, &at) ? UINT64_MAX : at);
}

/* Closes the event with these arguments, which are released. */
static void end(struct trace *t, json_t *arguments) {
    fputs(",\"args\":", t->stream);
    if (!arguments || (json_dumpf(arguments, t->stream, MT_JSON_FLAGS) != 0 && !ferror(t->stream)))
        t->failed = true;
    json_decref(arguments);
    fputc('}', t->stream);
}

/* ---- who ------------------------------------------------------------------------------------- */

static void put_names(struct trace *t) {
    const struct mt_profile_info *info = &t->profile->info;
    json_t *program = mt_json_text(mt_profile_text(t->profile, info->exe));
    fprintf(t->stream, "%s{\"name\":\"process_name\",\"ph\":\"M\",\"pid\":%" PRIu32 ",\"tid\":0",
            t->n++ ? ",\n" : "\n", info->pid);
    end(t, json_pack("{s:o}", "name", program));
    for (size_t i = 0; i < info->n_threads; i++) {
        const struct mt_profile_thread *thread = &info->threads[i];
        fprintf(t->stream,
                ",\n{\"name\":\"thread_name\",\"ph\":\"M\",\"pid\":%" PRIu32 ",\"tid\":%" PRIu32,
                info->pid, thread->tid);
        end(t, json_pack("{s:o}", "name", mt_json_text(mt_profile_text(t->profile, thread->name))));
        t->n++;
    }
}

/* ---- scopes ---------------------------------------------------------------------------------- */

static uint64_t end_of(const struct mt_scope_event *event) {
    uint64_t at;
    return __builtin_add_overflow(event->time_ns, event->duration_ns, &at) ? UINT64_MAX : at;
}

/* Puts events in order by thread and begin, and the longer one first: outer scopes come before
 * inner ones. */
static int compare_events(const void *a, const void *b) {
    const struct mt_scope_event *x = *(const struct mt_scope_event *const *)a;
    const struct mt_scope_event *y = *(const struct mt_scope_event *const *)b;
    if (x->tid != y->tid)
        return x->tid < y->tid ? -1 : 1;
    if (x->time_ns != y->time_ns)
        return x->time_ns < y->time_ns ? -1 : 1;
    if (x->duration_ns != y->duration_ns)
        return x->duration_ns > y->duration_ns ? -1 : 1;
    return x->serial < y->serial ? -1 : x->serial > y->serial;
}

static json_t *arguments_of(const struct mt_profile *profile, const struct mt_scope_event *event) {
    json_t *object = mt_json_metadata(profile, event);
    if (object &&
        (json_object_set_new(object, "net_bytes", json_integer(event->net_bytes)) != 0 ||
         json_object_set_new(object, "peak_bytes", json_integer(event->peak_bytes)) != 0)) {
        json_decref(object);
        return NULL;
    }
    return object;
}

static void put_complete(struct trace *t, const struct mt_scope_event *event) {
    begin(t, event->name, "X", event->tid);
    fputs(",\"cat\":\"scope\"", t->stream);
    put_time(t, event->time_ns);
    put_duration(t, "dur", event->duration_ns);
    end(t, arguments_of(t->profile, event));
}

static void put_pair(struct trace *t, const struct mt_scope_event *event) {
    for (int last = 0; last <= 1; last++) {
        begin(t, event->name, last ? "e" : "b", event->tid);
        /* the pid tells processes apart: another one has the same serials */
        fprintf(t->stream, ",\"cat\":\"scope\",\"id\":\"%" PRIu32 ":%" PRIu64 "\"",
                t->profile->info.pid, event->serial);
        put_time(t, last ? end_of(event) : event->time_ns);
        end(t, last ? json_object() : arguments_of(t->profile, event));
    }
}

static void put_scopes(struct trace *t) {
    const struct mt_scopes *scopes = &t->profile->info.scopes;
    const struct mt_scope_event **ordered = malloc((scopes->n_events + 1) * sizeof *ordered);
    uint64_t *ends =
        malloc((scopes->n_events + 1) * sizeof *ends); /* of the events that are open */
    size_t depth = 0;
    t->failed |= !ordered || !ends;
    for (size_t i = 0; i < scopes->n_events && !t->failed; i++)
        ordered[i] = &scopes->events[i];
    if (!t->failed)
        qsort(ordered, scopes->n_events, sizeof *ordered, compare_events);
    for (size_t i = 0; i < scopes->n_events && !t->failed; i++) {
        if (i && ordered[i]->tid != ordered[i - 1]->tid)
            depth = 0;
        while (depth && ends[depth - 1] <= ordered[i]->time_ns)
            depth--;
        if (depth && ends[depth - 1] < end_of(ordered[i])) {
            put_pair(t, ordered[i]);
            continue;
        }
        ends[depth++] = end_of(ordered[i]);
        put_complete(t, ordered[i]);
    }
    free(ordered);
    free(ends);
}

/* ---- the rest -------------------------------------------------------------------------------- */

static void put_figure(struct trace *t, const char *name, uint64_t time_ns, uint64_t value) {
    fprintf(t->stream, "%s{\"name\":\"%s\",\"ph\":\"C\",\"pid\":%" PRIu32 ",\"tid\":0",
            t->n++ ? ",\n" : "\n", name, t->profile->info.pid);
    put_time(t, time_ns);
    end(t, json_pack("{s:o}", "bytes", mt_json_number(value)));
}

static void put_ticks(struct trace *t) {
    const struct mt_profile_info *info = &t->profile->info;
    for (size_t i = 0; i < info->n_ticks && !t->failed; i++) {
        const struct mt_tick *tick = &info->ticks[i];
        put_figure(t, "heap", tick->time_ns, tick->live_bytes > 0 ? (uint64_t)tick->live_bytes : 0);
        if (tick->rss_bytes)
            put_figure(t, "rss", tick->time_ns, tick->rss_bytes);
        if (tick->anon_bytes)
            put_figure(t, "rss without files", tick->time_ns, tick->anon_bytes);
    }
}

static void put_counters(struct trace *t) {
    const struct mt_scopes *scopes = &t->profile->info.scopes;
    for (size_t i = 0; i < scopes->n_counters && !t->failed; i++) {
        begin(t, scopes->counters[i].name, "C", scopes->counters[i].tid);
        put_time(t, scopes->counters[i].time_ns);
        end(t, json_pack("{s:I}", "value", (json_int_t)scopes->counters[i].value));
    }
}

static void put_marks(struct trace *t) {
    const struct mt_profile_info *info = &t->profile->info;
    for (size_t i = 0; i < info->n_marks && !t->failed; i++) {
        begin(t, info->marks[i].name, "i", info->pid);
        fputs(",\"s\":\"p\"", t->stream);
        put_time(t, info->marks[i].time_ns);
        end(t, json_object());
    }
}

static void put_process(struct trace *t) {
    put_names(t);
    put_scopes(t);
    put_counters(t);
    put_marks(t);
    put_ticks(t);
}

static void begin_trace(struct trace *t) {
    fputs("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[", t->stream);
}

static int end_trace(struct trace *t, struct mt_error *error) {
    fputs("\n]}\n", t->stream);
    return t->failed ? mt_json_out_of_memory(error) : mt_json_finish(t->stream, error);
}

int mt_trace_events(FILE *stream, const struct mt_export *thing, struct mt_error *error) {
    struct trace t = {.stream = stream, .profile = thing->events.profile};
    begin_trace(&t);
    put_process(&t);
    return end_trace(&t, error);
}

int mt_trace_timeline(FILE *stream, const struct mt_export *thing, struct mt_error *error) {
    const struct mt_timeline *timeline = thing->timeline_events.timeline;
    struct trace t = {.stream = stream};
    begin_trace(&t);
    for (size_t i = 0; i < timeline->n_courses; i++) {
        t.profile = timeline->courses[i].profile;
        t.start_ns = timeline->courses[i].start_ns;
        put_process(&t);
    }
    return end_trace(&t, error);
}

/* The peak, where it is known when it was. */
static void put_peak(struct trace *t) {
    const struct mt_profile_info *info = &t->profile->info;
    if (!info->peak_time_known)
        return;
    fprintf(t->stream,
            "%s{\"name\":\"peak\",\"ph\":\"i\",\"s\":\"p\",\"pid\":%" PRIu32 ",\"tid\":%" PRIu32,
            t->n++ ? ",\n" : "\n", info->pid, info->pid);
    put_time(t, info->peak_time_ns);
    end(t, json_pack("{s:o}", "bytes", mt_json_number(info->totals.peak_bytes)));
}

int mt_trace_profile(FILE *stream, const struct mt_export *thing, struct mt_error *error) {
    const struct mt_rows *rows = thing->profile.rows;
    struct trace t = {.stream = stream, .profile = mt_rows_profile(rows)};
    const struct mt_json_member members[] = {
        {"{\"otherData\":{\"process\":", mt_json_process(t.profile)},
        {",\"totals\":", mt_json_totals(rows)},
        {",\"coverage\":", mt_json_coverage(rows)},
    };
    int status = mt_json_put_members(stream, members, sizeof members / sizeof *members, error);
    if (status != 0)
        return status;
    fputs("},\n\"displayTimeUnit\":\"ns\",\"traceEvents\":[", stream);
    put_process(&t);
    put_peak(&t);
    return end_trace(&t, error);
}
