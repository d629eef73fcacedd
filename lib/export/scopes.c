/* SPDX-License-Identifier: MIT */
/*
 * Scopes for programs. A row and an event are written as they are made, for the reason that rows of
 * a report are. Every field is always there and of one type; what the program said of a scope is an
 * object of texts.
 */
#include "export/scopes.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "export/csv-local.h"
#include "export/json-local.h"

static size_t last_row(const struct mt_scopes_rows *rows, size_t n) {
    return n && n < rows->n ? n : rows->n;
}

static size_t first_event(size_t n_events, size_t n) {
    return n && n < n_events ? n_events - n : 0;
}

/* ---- rows as JSON ---------------------------------------------------------------------------- */

static bool is_estimate(const struct mt_scopes_rows *rows, enum mt_scope_value value) {
    return rows->profile->info.sample_bytes && value != MT_SCOPE_DURATION_NS &&
           value != MT_SCOPE_CPU_NS;
}

/* With what the sum may be off by, when it is an estimate. */
static json_t *statistic_object(const struct mt_scopes_rows *rows, const struct mt_scope_row *row,
                                enum mt_scope_value value) {
    const struct mt_scope_statistic *s = &row->value[value];
    json_t *object =
        json_pack("{s:I, s:f, s:I, s:I, s:I}", "sum", (json_int_t)s->sum, "mean", s->mean, "p50",
                  (json_int_t)s->p50, "p95", (json_int_t)s->p95, "max", (json_int_t)s->max);
    if (object && is_estimate(rows, value))
        json_object_set_new(object, "sum_margin",
                            json_integer(mt_scopes_rows_margin(rows, row, value, s->sum)));
    return object;
}

static json_t *row_object(const struct mt_scopes_rows *rows, const struct mt_scope_row *row) {
    json_t *object = json_pack("{s:o, s:b, s:I, s:o, s:o}", "name",
                               mt_json_text(mt_profile_text(rows->profile, row->name)), "process",
                               (int)row->is_process, "threads", (json_int_t)row->n_threads, "count",
                               mt_json_number(row->count), "errors", mt_json_number(row->errors));
    int status = object ? 0 : -1;
    for (size_t v = 0; v < MT_N_SCOPE_VALUES && status == 0; v++) {
        char own[32];
        const char *key = mt_scopes_rows_value_key((enum mt_scope_value)v);
        snprintf(own, sizeof own, "own_%s", key);
        status =
            json_object_set_new(object, key, statistic_object(rows, row, (enum mt_scope_value)v));
        if (status == 0 && v != MT_SCOPE_PEAK_BYTES)
            status = json_object_set_new(object, own, json_integer(row->own[v]));
    }
    if (status == 0)
        return object;
    json_decref(object);
    return NULL;
}

static bool put_object(FILE *stream, size_t i, json_t *object) {
    fputs(i ? ",\n  " : "\n  ", stream);
    bool made = object && (json_dumpf(object, stream, MT_JSON_FLAGS) == 0 || ferror(stream));
    json_decref(object);
    return made;
}

static json_t *events_object(const struct mt_scopes *scopes) {
    return json_pack("{s:o, s:I, s:I}", "seen", mt_json_number(scopes->events_seen), "kept",
                     (json_int_t)scopes->n_events, "sample", (json_int_t)scopes->event_sample);
}

static json_t *open_object(const struct mt_profile *profile, const struct mt_scope_open *open) {
    return json_pack(
        "{s:o, s:b, s:o, s:o, s:I, s:I, s:o, s:o}", "name",
        mt_json_text(mt_profile_text(profile, open->name)), "process", (int)open->is_process,
        "thread", mt_json_text(mt_profile_text(profile, open->thread)), "time_ns",
        mt_json_number(open->time_ns), "net_bytes", (json_int_t)open->net_bytes, "peak_bytes",
        (json_int_t)open->peak_bytes, "allocated_bytes", mt_json_number(open->allocated_bytes),
        "allocated_blocks", mt_json_number(open->allocated_blocks));
}

int mt_json_scopes(FILE *stream, const struct mt_scopes_rows *rows, size_t n,
                   struct mt_error *error) {
    const struct mt_profile *profile = rows->profile;
    const struct mt_json_member members[] = {
        {"{\"schema\":", json_string("memtrack-scopes/1")},
        {",\n \"process\":", mt_json_process(profile)},
        {",\n \"recording\":", mt_json_recording(profile)},
        {",\n \"events\":", events_object(&profile->info.scopes)},
        {",\n \"cpu_measured\":", json_boolean(profile->info.scopes.has_cpu)},
        {",\n \"sort\":", json_string(mt_scopes_sort_name(rows->sort))},
    };
    int status = mt_json_put_members(stream, members, sizeof members / sizeof *members, error);
    if (status != 0)
        return status;
    const struct mt_scopes *scopes = &profile->info.scopes;
    bool made = true;
    fputs(",\n \"open\":[", stream);
    for (size_t i = 0; i < scopes->n_open && made; i++)
        made = put_object(stream, i, open_object(profile, &scopes->open[i]));
    fputs("],\n \"rows\":[", stream);
    for (size_t i = 0; i < last_row(rows, n) && made; i++)
        made = put_object(stream, i, row_object(rows, &rows->items[i]));
    fputs("]}\n", stream);
    return made ? mt_json_finish(stream, error) : mt_json_out_of_memory(error);
}

/* ---- rows as CSV ----------------------------------------------------------------------------- */

int mt_csv_scopes(FILE *stream, const struct mt_scopes_rows *rows, size_t n,
                  struct mt_error *error) {
    bool done = true;
    fputs("name,process,threads,count,errors", stream);
    for (size_t v = 0; v < MT_N_SCOPE_VALUES; v++) {
        const char *key = mt_scopes_rows_value_key((enum mt_scope_value)v);
        fprintf(stream, ",%s_sum,%s_mean,%s_p50,%s_p95,%s_max", key, key, key, key, key);
        if (v != MT_SCOPE_PEAK_BYTES)
            fprintf(stream, ",own_%s", key);
    }
    for (size_t v = 0; v < MT_N_SCOPE_VALUES; v++)
        if (is_estimate(rows, (enum mt_scope_value)v))
            fprintf(stream, ",%s_sum_margin", mt_scopes_rows_value_key((enum mt_scope_value)v));
    fputs("\r\n", stream);
    for (size_t i = 0; i < last_row(rows, n) && done; i++) {
        const struct mt_scope_row *row = &rows->items[i];
        done = mt_csv_put(stream, mt_profile_text(rows->profile, row->name));
        fprintf(stream, ",%d,%" PRIu32 ",%" PRIu64 ",%" PRIu64, (int)row->is_process,
                row->n_threads, row->count, row->errors);
        for (size_t v = 0; v < MT_N_SCOPE_VALUES; v++) {
            const struct mt_scope_statistic *s = &row->value[v];
            fprintf(stream, ",%" PRId64 ",%.3f,%" PRId64 ",%" PRId64 ",%" PRId64, s->sum, s->mean,
                    s->p50, s->p95, s->max);
            if (v != MT_SCOPE_PEAK_BYTES)
                fprintf(stream, ",%" PRId64, row->own[v]);
        }
        for (enum mt_scope_value v = 0; v < MT_N_SCOPE_VALUES; v++)
            if (is_estimate(rows, v))
                fprintf(stream, ",%" PRId64,
                        mt_scopes_rows_margin(rows, row, v, row->value[v].sum));
        fputs("\r\n", stream);
    }
    return mt_csv_finish(stream, done, error);
}

/* ---- events as JSON -------------------------------------------------------------------------- */

/* Of a key that was set twice the last value. */
json_t *mt_json_events_metadata(const struct mt_profile *profile,
                                const struct mt_scope_event *event) {
    json_t *object = json_object();
    for (size_t i = 0; i < event->n_keys && object; i++) {
        const struct mt_scope_key *key = &profile->info.scopes.keys[event->first_key + i];
        json_t *name = mt_json_text(mt_profile_text(profile, key->key));
        int status = name ? json_object_set_new(object, json_string_value(name),
                                                mt_json_text(mt_profile_text(profile, key->value)))
                          : -1;
        json_decref(name);
        if (status != 0) {
            json_decref(object);
            object = NULL;
        }
    }
    return object;
}

static json_t *event_object(const struct mt_profile *profile, const struct mt_scope_event *event) {
    return json_pack(
        "{s:o, s:o, s:I, s:o, s:o, s:I, s:I, s:o}", "serial", mt_json_number(event->serial), "name",
        mt_json_text(mt_profile_text(profile, event->name)), "tid", (json_int_t)event->tid,
        "time_ns", mt_json_number(event->time_ns), "duration_ns",
        mt_json_number(event->duration_ns), "net_bytes", (json_int_t)event->net_bytes, "peak_bytes",
        (json_int_t)event->peak_bytes, "metadata", mt_json_events_metadata(profile, event));
}

static json_t *mark_object(const struct mt_profile *profile, const struct mt_mark *mark) {
    return json_pack("{s:o, s:o, s:s}", "time_ns", mt_json_number(mark->time_ns), "name",
                     mt_json_text(mt_profile_text(profile, mark->name)), "kind",
                     mark->kind == MT_MARK_PROGRAM ? "program" : "trigger");
}

static json_t *counter_object(const struct mt_profile *profile, const struct mt_counter *counter) {
    return json_pack("{s:o, s:o, s:I, s:I}", "time_ns", mt_json_number(counter->time_ns), "name",
                     mt_json_text(mt_profile_text(profile, counter->name)), "tid",
                     (json_int_t)counter->tid, "value", (json_int_t)counter->value);
}

int mt_json_events(FILE *stream, const struct mt_profile *profile, size_t n,
                   struct mt_error *error) {
    const struct mt_profile_info *info = &profile->info;
    const struct mt_scopes *scopes = &info->scopes;
    const struct mt_json_member members[] = {
        {"{\"schema\":", json_string("memtrack-scope-events/1")},
        {",\n \"process\":", mt_json_process(profile)},
        {",\n \"kept\":", events_object(scopes)},
    };
    int status = mt_json_put_members(stream, members, sizeof members / sizeof *members, error);
    bool made = true;
    if (status != 0)
        return status;
    size_t first = first_event(scopes->n_events, n);
    fputs(",\n \"events\":[", stream);
    for (size_t i = first; i < scopes->n_events && made; i++)
        made = put_object(stream, i - first, event_object(profile, &scopes->events[i]));
    fputs("],\n \"marks\":[", stream);
    for (size_t i = 0; i < info->n_marks && made; i++)
        made = put_object(stream, i, mark_object(profile, &info->marks[i]));
    fputs("],\n \"counters\":[", stream);
    for (size_t i = 0; i < scopes->n_counters && made; i++)
        made = put_object(stream, i, counter_object(profile, &scopes->counters[i]));
    fputs("]}\n", stream);
    return made ? mt_json_finish(stream, error) : mt_json_out_of_memory(error);
}

/* ---- events as CSV --------------------------------------------------------------------------- */

static bool put_metadata(FILE *stream, const struct mt_profile *profile,
                         const struct mt_scope_event *event) {
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    if (!out)
        return false;
    for (size_t i = 0; i < event->n_keys; i++) {
        const struct mt_scope_key *key = &profile->info.scopes.keys[event->first_key + i];
        fprintf(out, "%s%s=%s", i ? "; " : "", mt_profile_text(profile, key->key),
                mt_profile_text(profile, key->value));
    }
    bool done = fclose(out) == 0 && mt_csv_put(stream, text);
    free(text);
    return done;
}

/* Whose events are written, and when its recording began on the clock that they are written by. */
struct csv_process {
    const struct mt_profile *profile;
    uint64_t start_ns;
    bool with_pid;
};

static bool begin_csv_row(FILE *stream, const struct csv_process *p, const char *kind,
                          mt_string name) {
    if (p->with_pid)
        fprintf(stream, "%" PRIu32 ",", p->profile->info.pid);
    fprintf(stream, "%s,", kind);
    return mt_csv_put(stream, mt_profile_text(p->profile, name));
}

static bool put_csv_events(FILE *stream, const struct csv_process *p, size_t n) {
    const struct mt_profile_info *info = &p->profile->info;
    const struct mt_scopes *scopes = &info->scopes;
    bool done = true;
    for (size_t i = first_event(scopes->n_events, n); i < scopes->n_events && done; i++) {
        const struct mt_scope_event *event = &scopes->events[i];
        done = begin_csv_row(stream, p, "scope", event->name);
        fprintf(stream, ",%" PRIu32 ",%" PRIu64 ",%" PRIu64 ",%" PRId64 ",%" PRId64 ",,",
                event->tid, p->start_ns + event->time_ns, event->duration_ns, event->net_bytes,
                event->peak_bytes);
        done = done && put_metadata(stream, p->profile, event);
        fputs("\r\n", stream);
    }
    for (size_t i = 0; i < info->n_marks && done; i++) {
        done = begin_csv_row(stream, p, "mark", info->marks[i].name);
        fprintf(stream, ",,%" PRIu64 ",,,,,\r\n", p->start_ns + info->marks[i].time_ns);
    }
    for (size_t i = 0; i < scopes->n_counters && done; i++) {
        const struct mt_counter *counter = &scopes->counters[i];
        done = begin_csv_row(stream, p, "counter", counter->name);
        fprintf(stream, ",%" PRIu32 ",%" PRIu64 ",,,,%" PRId64 ",\r\n", counter->tid,
                p->start_ns + counter->time_ns, counter->value);
    }
    return done;
}

#define EVENT_COLUMNS "kind,name,tid,time_ns,duration_ns,net_bytes,peak_bytes,value,metadata\r\n"

int mt_csv_events(FILE *stream, const struct mt_profile *profile, size_t n,
                  struct mt_error *error) {
    const struct csv_process process = {.profile = profile};
    fputs(EVENT_COLUMNS, stream);
    return mt_csv_finish(stream, put_csv_events(stream, &process, n), error);
}

int mt_csv_events_of_timeline(FILE *stream, const struct mt_timeline *timeline,
                              struct mt_error *error) {
    bool done = true;
    fputs("pid," EVENT_COLUMNS, stream);
    for (size_t i = 0; i < timeline->n_courses && done; i++) {
        const struct csv_process process = {timeline->courses[i].profile,
                                            timeline->courses[i].start_ns, true};
        done = put_csv_events(stream, &process, 0);
    }
    return mt_csv_finish(stream, done, error);
}
