/* SPDX-License-Identifier: MIT */
/*
 * A profile for Firefox's profiler (profiler.firefox.com), in its processed format ("Processed and
 * Gecko Profile Format Changelog", firefox-devtools/profiler), version 66. The profiler brings older
 * versions up to date by itself, so a fixed one stays readable.
 *
 * It has no idea of a peak, and one figure for each thread. So each figure of memtrack is a thread
 * whose allocations are the call paths, one allocation each, as the profiler's own reader of DHAT
 * does it: at the peak, live at the moment shown, in total. Where there is a time axis, one more
 * thread has what call paths gained and lost (firefox_memory.c): there the view of retained memory
 * answers for any range. The heap, RSS and the program's counters are counters; scopes and marks are
 * markers, scopes on the threads that ended them.
 *
 * Times are milliseconds since the recording began.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/saturate.h"
#include "export/export-local.h"
#include "export/firefox_memory.h"
#include "export/firefox_tables.h"
#include "export/json-local.h"
#include "view/format/format.h"
#include "view/summary/summary.h"

enum { VERSION = 66, GECKO_VERSION = 34, MOST_FIGURES = 4, BEHIND_END_NS = 1000000 };

struct figure {
    const char *name;
    enum mt_value value;
    uint64_t time_ns;
    bool is_course;
};

struct document {
    FILE *out;
    const struct mt_rows *rows;
    const struct mt_profile *profile;
    size_t n; /* rows */
    struct mt_firefox_tables tables;
    struct figure figures[MOST_FIGURES];
    size_t n_figures;
    char live_name[MT_FORMAT_BYTES + 32];
    uint32_t *tids; /* of threads that have scopes */
    size_t n_tids;
    size_t selected; /* figure */
};

static bool put_value(FILE *out, const char *before, json_t *value) {
    fputs(before, out);
    bool done =
        value && (json_dumpf(value, out, MT_JSON_FLAGS | JSON_ENCODE_ANY) == 0 || ferror(out));
    json_decref(value);
    return done;
}

static json_t *program_of(const struct document *d) {
    const char *name = basename(mt_profile_text(d->profile, d->profile->info.exe));
    return mt_json_text(*name ? name : "memory");
}

/* ---- what there is --------------------------------------------------------------------------- */

static void add_figure(struct document *d, const char *name, enum mt_value value, uint64_t time_ns,
                       bool is_course) {
    if (mt_rows_options(d->rows)->sort == value && !is_course)
        d->selected = d->n_figures;
    d->figures[d->n_figures++] = (struct figure){name, value, time_ns, is_course};
}

static void choose_figures(struct document *d) {
    const struct mt_profile_info *info = &d->profile->info;
    const struct mt_at *at = &mt_rows_options(d->rows)->at;
    char moment[MT_FORMAT_BYTES + 16];
    uint64_t peak_ns = info->peak_time_known ? info->peak_time_ns : info->duration_ns;
    uint64_t live_ns = at->kind == MT_AT_TIME   ? at->time_ns
                       : at->kind == MT_AT_PEAK ? peak_ns
                                                : info->duration_ns;
    if (mt_rows_has(d->rows, MT_VALUE_PEAK_BYTES))
        add_figure(d, "At the peak", MT_VALUE_PEAK_BYTES, peak_ns, false);
    snprintf(d->live_name, sizeof d->live_name, "Live %s", mt_summary_moment(d->rows, moment));
    add_figure(d, d->live_name, MT_VALUE_LIVE_BYTES, live_ns, false);
    if (mt_rows_has(d->rows, MT_VALUE_TOTAL_BYTES))
        add_figure(d, "Allocated in total", MT_VALUE_TOTAL_BYTES, info->duration_ns, false);
    if (info->n_changes)
        add_figure(d, "Live over time", MT_VALUE_LIVE_BYTES, 0, true);
}

static int compare_tids(const void *left, const void *right) {
    uint32_t x = *(const uint32_t *)left, y = *(const uint32_t *)right;
    return x < y ? -1 : x > y;
}

static bool find_threads(struct document *d) {
    const struct mt_scopes *scopes = &d->profile->info.scopes;
    size_t n = 0;
    d->tids = malloc((scopes->n_events + 1) * sizeof *d->tids);
    if (!d->tids)
        return false;
    for (size_t i = 0; i < scopes->n_events; i++)
        d->tids[i] = scopes->events[i].tid;
    qsort(d->tids, scopes->n_events, sizeof *d->tids, compare_tids);
    for (size_t i = 0; i < scopes->n_events; i++)
        if (i == 0 || d->tids[i] != d->tids[n - 1])
            d->tids[n++] = d->tids[i];
    d->n_tids = n;
    return true;
}

/* ---- meta ------------------------------------------------------------------------------------ */

static json_t *marker_schemas(void) {
    return json_pack(
        "[{s:s, s:s, s:s, s:s, s:[s,s,s], s:[{s:s,s:s,s:s}, {s:s,s:s,s:s}, {s:s,s:s,s:s}]}, "
        "{s:s, s:s, s:[s,s,s], s:[]}]",
        "name", "Scope", "tableLabel", "{marker.name}: {marker.data.details}", "tooltipLabel",
        "{marker.name}", "chartLabel", "{marker.name}", "display", "marker-chart", "marker-table",
        "timeline-overview", "fields", "key", "net", "label", "Net", "format", "bytes", "key",
        "peak", "label", "Peak", "format", "bytes", "key", "details", "label", "Set by the program",
        "format", "string", "name", "Mark", "tableLabel", "{marker.name}", "display",
        "marker-chart", "marker-table", "timeline-overview", "fields");
}

static json_t *command_of(const struct document *d) {
    const struct mt_profile_info *info = &d->profile->info;
    char *line = NULL;
    size_t bytes;
    FILE *out = open_memstream(&line, &bytes);
    for (size_t i = 0; out && i < info->n_command; i++)
        fprintf(out, "%s%s", i ? " " : "", mt_profile_text(d->profile, info->command[i]));
    json_t *text = out && fclose(out) == 0 ? mt_json_text(line) : NULL;
    free(line);
    return text;
}

/* What was not recorded. */
static void add_warnings(const struct document *d, json_t *entries) {
    const struct mt_summary_format format = {.utf8 = true};
    struct mt_summary lines = {0};
    mt_summary_coverage(d->rows, &format, &lines);
    for (size_t i = 0; i < lines.n; i++)
        if (lines.items[i].is_warning)
            json_array_append_new(entries,
                                  json_pack("{s:s, s:s, s:o}", "label", "Note", "format", "string",
                                            "value", mt_json_text(lines.items[i].text)));
    mt_summary_free(&lines);
}

static json_t *more_info(const struct document *d) {
    json_t *entries = json_array();
    for (size_t i = 0; i < d->n_figures && entries; i++)
        if (!d->figures[i].is_course)
            json_array_append_new(
                entries,
                json_pack("{s:s, s:s, s:I}", "label", d->figures[i].name, "format", "bytes",
                          "value",
                          (json_int_t)mt_rows_passed(d->rows)->value[d->figures[i].value]));
    if (d->profile->info.sample_bytes)
        json_array_append_new(entries,
                              json_pack("{s:s, s:s, s:o}", "label",
                                        "Estimated from a sample for each", "format", "bytes",
                                        "value", mt_json_number(d->profile->info.sample_bytes)));
    add_warnings(d, entries);
    return json_pack("[{s:s, s:o}]", "label", "memtrack", "entries", entries);
}

static json_t *indexes_up_to(size_t n) {
    json_t *array = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(array, json_integer((json_int_t)i));
    return array;
}

/* The profiler shows what was before the end of its range: that has to be behind everything. */
static uint64_t end_of(const struct mt_profile_info *info) {
    uint64_t end_ns = info->duration_ns;
    for (size_t i = 0; i < info->n_ticks; i++)
        end_ns = info->ticks[i].time_ns > end_ns ? info->ticks[i].time_ns : end_ns;
    for (size_t i = 0; i < info->n_marks; i++)
        end_ns = info->marks[i].time_ns > end_ns ? info->marks[i].time_ns : end_ns;
    return (end_ns < MT_FIREFOX_LAST_NS ? end_ns : MT_FIREFOX_LAST_NS) + BEHIND_END_NS;
}

static bool put_meta(const struct document *d) {
    const struct mt_profile_info *info = &d->profile->info;
    uint64_t interval_ns = info->tick_interval_ns ? info->tick_interval_ns : 1000000;
    fprintf(d->out,
            "{\"meta\":{\"preprocessedProfileVersion\":%d,\"version\":%d,\"processType\":0,"
            "\"stackwalk\":1,\"symbolicated\":true,\"symbolicationNotSupported\":true,"
            "\"usesOnlyOneStackType\":true,\"sourceCodeIsNotOnSearchfox\":true,"
            "\"keepProfileThreadOrder\":true,\"importedFrom\":\"memtrack\",\"platform\":\"Linux\","
            "\"interval\":",
            VERSION, GECKO_VERSION);
    mt_firefox_memory_put_time(d->out, interval_ns);
    fputs(",\"startTime\":", d->out);
    mt_firefox_memory_put_time(d->out, info->start_time_ns);
    uint64_t end_ns = end_of(info);
    fprintf(d->out, ",\"profilingStartTime\":0,\"profilingEndTime\":%" PRIu64 ".%06" PRIu64,
            end_ns / 1000000, end_ns % 1000000);
    bool done =
        put_value(d->out, ",\"product\":", program_of(d)) &&
        put_value(d->out, ",\"arguments\":", command_of(d)) &&
        put_value(d->out, ",\"initialVisibleThreads\":", indexes_up_to(d->n_figures + d->n_tids)) &&
        put_value(d->out, ",\"initialSelectedThreads\":", json_pack("[i]", (int)d->selected)) &&
        put_value(d->out, ",\"extra\":", more_info(d)) &&
        put_value(d->out, ",\"markerSchema\":", marker_schemas());
    fputc(',', d->out);
    done = done && mt_firefox_tables_put_categories(d->out, &d->tables);
    fputs("},\n", d->out);
    return done;
}

/* ---- counters -------------------------------------------------------------------------------- */

struct curve {
    const char *color;
    bool is_bytes;
    struct mt_firefox_column times, values; /* ns */
};

/* Times go on in a curve: a file may say otherwise, and the profiler would not find its way. */
static bool add_point(struct curve *curve, uint64_t time_ns, int64_t value) {
    size_t n = curve->times.n;
    if (n && mt_saturate_signed(time_ns) < curve->times.items[n - 1])
        return true;
    return mt_firefox_tables_push(&curve->times, mt_saturate_signed(time_ns)) &&
           mt_firefox_tables_push(&curve->values, value);
}

static json_t *tooltip_row(const char *source, const char *label, bool is_bytes) {
    return json_pack("{s:s, s:s, s:{s:s}, s:s}", "type", "value", "source", source, "format",
                     "unit", is_bytes ? "bytes" : "number", "label", label);
}

static json_t *display_of(const struct curve *curve, json_t *label, size_t position) {
    return json_pack(
        "{s:s, s:s, s:s, s:n, s:i, s:o, s:[o,o]}", "graphType", "line-accumulated", "unit",
        curve->is_bytes ? "bytes" : "", "color", curve->color, "markerSchemaLocation", "sortWeight",
        (int)position, "label", label, "tooltipRows",
        tooltip_row("accumulated", "at this time", curve->is_bytes),
        tooltip_row("count-range", "between the lowest and the highest shown", curve->is_bytes));
}

/* The format wants what each value has more than the one before. */
static void put_points(FILE *out, const struct curve *curve) {
    fputs(",\"samples\":{\"time\":[", out);
    for (size_t i = 0; i < curve->times.n; i++) {
        fputs(i ? "," : "", out);
        mt_firefox_memory_put_time(out, (uint64_t)curve->times.items[i]);
    }
    fputs("],\"count\":[", out);
    for (size_t i = 0; i < curve->values.n; i++)
        fprintf(out, "%s%" PRId64, i ? "," : "",
                mt_saturate_difference(curve->values.items[i], i ? curve->values.items[i - 1] : 0));
    fprintf(out, "],\"length\":%zu}}", curve->times.n);
}

/* Writes and empties a curve, unless it has no points. */
static bool put_curve(const struct document *d, size_t *n, const char *name, struct curve *curve) {
    bool done = true;
    if (curve->times.n) {
        char pid[16];
        snprintf(pid, sizeof pid, "%" PRIu32, d->profile->info.pid);
        fputs((*n)++ ? ",\n" : "\n", d->out);
        done = mt_json_put_open(
            d->out,
            json_pack("{s:o, s:s, s:s, s:s, s:i, s:o}", "name", mt_json_text(name), "category",
                      curve->is_bytes ? "Memory" : "memtrack", "description", "", "pid", pid,
                      "mainThreadIndex", 0, "display", display_of(curve, mt_json_text(name), *n)));
        put_points(d->out, curve);
    }
    free(curve->times.items);
    free(curve->values.items);
    curve->times = curve->values = (struct mt_firefox_column){0};
    return done;
}

static bool put_memory_curves(const struct document *d, size_t *n) {
    const struct mt_profile_info *info = &d->profile->info;
    struct curve heap = {.color = "orange", .is_bytes = true};
    struct curve rss = {.color = "blue", .is_bytes = true};
    bool done = true;
    for (size_t i = 0; i < info->n_ticks && done; i++) {
        const struct mt_tick *tick = &info->ticks[i];
        done = add_point(&heap, tick->time_ns, tick->live_bytes);
        if (done && tick->rss_bytes)
            done = add_point(&rss, tick->time_ns, mt_saturate_signed(tick->rss_bytes));
    }
    bool heap_done = put_curve(d, n, "Heap", &heap), rss_done = put_curve(d, n, "RSS", &rss);
    return done && heap_done && rss_done;
}

static int compare_counters(const void *left, const void *right, void *context) {
    const struct mt_counter *counters = context;
    uint32_t x = *(const uint32_t *)left, y = *(const uint32_t *)right;
    if (counters[x].name != counters[y].name)
        return counters[x].name < counters[y].name ? -1 : 1;
    return x < y ? -1 : x > y;
}

/* The program's own, one curve for each name. */
static bool put_program_curves(const struct document *d, size_t *n) {
    const struct mt_scopes *scopes = &d->profile->info.scopes;
    uint32_t *order = malloc((scopes->n_counters + 1) * sizeof *order);
    struct curve curve = {.color = "green"};
    bool done = order != NULL;
    for (size_t i = 0; done && i < scopes->n_counters; i++)
        order[i] = (uint32_t)i;
    if (done && scopes->n_counters)
        qsort_r(order, scopes->n_counters, sizeof *order, compare_counters, scopes->counters);
    for (size_t i = 0; done && i < scopes->n_counters; i++) {
        const struct mt_counter *counter = &scopes->counters[order[i]];
        done = add_point(&curve, counter->time_ns, counter->value);
        if (done &&
            (i + 1 == scopes->n_counters || scopes->counters[order[i + 1]].name != counter->name))
            done = put_curve(d, n, mt_profile_text(d->profile, counter->name), &curve);
    }
    free(curve.times.items);
    free(curve.values.items);
    free(order);
    return done;
}

static bool put_counters(const struct document *d) {
    size_t n = 0;
    fputs("\"counters\":[", d->out);
    bool done = put_memory_curves(d, &n) && put_program_curves(d, &n);
    fputs("],\n", d->out);
    return done;
}

/* ---- markers --------------------------------------------------------------------------------- */

struct markers {
    json_t *data;
    struct mt_firefox_column names, starts, ends, phases;
};

static bool add_marker(struct markers *m, int64_t name, json_t *data, uint64_t from_ns,
                       uint64_t to_ns, bool is_interval) {
    return name >= 0 && m->data && json_array_append_new(m->data, data) == 0 &&
           mt_firefox_tables_push(&m->names, name) &&
           mt_firefox_tables_push(&m->starts, mt_saturate_signed(from_ns)) &&
           mt_firefox_tables_push(&m->ends, mt_saturate_signed(to_ns)) &&
           mt_firefox_tables_push(&m->phases, is_interval);
}

/* What the program said of a scope, as "key=value key=value". */
static json_t *details_of(const struct document *d, const struct mt_scope_event *event) {
    char *text = NULL;
    size_t bytes;
    FILE *out = open_memstream(&text, &bytes);
    for (size_t i = 0; out && i < event->n_keys; i++) {
        const struct mt_scope_key *key = &d->profile->info.scopes.keys[event->first_key + i];
        fprintf(out, "%s%s=%s", i ? " " : "", mt_profile_text(d->profile, key->key),
                mt_profile_text(d->profile, key->value));
    }
    json_t *details = out && fclose(out) == 0 ? mt_json_text(text) : NULL;
    free(text);
    return details;
}

static bool add_scopes(struct document *d, struct markers *m, uint32_t tid) {
    const struct mt_scopes *scopes = &d->profile->info.scopes;
    bool done = true;
    for (size_t i = 0; i < scopes->n_events && done; i++) {
        const struct mt_scope_event *event = &scopes->events[i];
        uint64_t end_ns = event->time_ns;
        mt_saturate_add_count(&end_ns, event->duration_ns);
        if (event->tid == tid)
            done = add_marker(
                m, mt_firefox_tables_string(&d->tables, mt_profile_text(d->profile, event->name)),
                json_pack("{s:s, s:I, s:I, s:o}", "type", "Scope", "net",
                          (json_int_t)event->net_bytes, "peak", (json_int_t)event->peak_bytes,
                          "details", details_of(d, event)),
                event->time_ns, end_ns, true);
    }
    return done;
}

static bool add_marks(struct document *d, struct markers *m) {
    const struct mt_profile_info *info = &d->profile->info;
    bool done = true;
    for (size_t i = 0; i < info->n_marks && done; i++)
        done = add_marker(
            m,
            mt_firefox_tables_string(&d->tables, mt_profile_text(d->profile, info->marks[i].name)),
            json_pack("{s:s}", "type", "Mark"), info->marks[i].time_ns, info->marks[i].time_ns,
            false);
    return done;
}

static void put_times(FILE *out, const char *name, const struct mt_firefox_column *column) {
    fprintf(out, ",\"%s\":[", name);
    for (size_t i = 0; i < column->n; i++) {
        fputs(i ? "," : "", out);
        mt_firefox_memory_put_time(out, (uint64_t)column->items[i]);
    }
    fputc(']', out);
}

/* Writes and frees them. */
static bool put_markers(FILE *out, struct markers *m) {
    fputs(",\"markers\":{", out);
    mt_firefox_tables_put_column(out, "name", &m->names);
    put_times(out, "startTime", &m->starts);
    put_times(out, "endTime", &m->ends);
    fputc(',', out);
    mt_firefox_tables_put_column(out, "phase", &m->phases);
    fputc(',', out);
    mt_firefox_tables_put_same(out, "category", "0", m->names.n);
    fprintf(out, ",\"length\":%zu", m->names.n);
    bool done = put_value(out, ",\"data\":", m->data);
    fputc('}', out);
    free(m->names.items);
    free(m->starts.items);
    free(m->ends.items);
    free(m->phases.items);
    return done;
}

/* ---- threads --------------------------------------------------------------------------------- */

/* Writes all of a thread but its markers and allocations. */
static bool put_thread(const struct document *d, size_t index, uint32_t tid, const char *name) {
    fprintf(d->out,
            "%s{\"processType\":\"default\",\"processStartupTime\":0,"
            "\"processShutdownTime\":null,\"registerTime\":0,\"unregisterTime\":null,"
            "\"pausedRanges\":[],\"showMarkersInTimeline\":true,\"isMainThread\":%s,"
            "\"pid\":\"%" PRIu32 "\",\"tid\":",
            index ? ",\n" : "\n", index ? "false" : "true", d->profile->info.pid);
    if (index < d->n_figures)
        fprintf(d->out, "\"figure %zu\"", index + 1);
    else
        fprintf(d->out, "%" PRIu32, tid);
    bool done = put_value(d->out, ",\"name\":", mt_json_text(name)) &&
                put_value(d->out, ",\"processName\":", program_of(d));
    fputs(",\"samples\":{\"weightType\":\"samples\",\"weight\":null,\"eventDelay\":[],"
          "\"stack\":[],\"time\":[],\"length\":0}",
          d->out);
    return done;
}

/* Marks are on the first one. */
static bool put_figure(struct document *d, size_t index) {
    const struct figure *figure = &d->figures[index];
    struct markers markers = {.data = json_array()};
    bool done = put_thread(d, index, 0, figure->name) && (index || add_marks(d, &markers));
    done = put_markers(d->out, &markers) && done;
    if (figure->is_course)
        done = done && mt_firefox_memory_put_course(d->out, &d->tables, d->n);
    else
        mt_firefox_memory_put_column(d->out, &d->tables, d->n, figure->value, figure->time_ns);
    fputc('}', d->out);
    return done;
}

static const char *name_of_thread(const struct document *d, uint32_t tid) {
    const struct mt_profile_info *info = &d->profile->info;
    for (size_t i = 0; i < info->n_threads; i++)
        if (info->threads[i].tid == tid)
            return mt_profile_text(d->profile, info->threads[i].name);
    return tid == info->pid ? "main" : "thread";
}

static bool put_threads(struct document *d) {
    bool done = true;
    fputs("\"threads\":[", d->out);
    for (size_t i = 0; i < d->n_figures && done; i++)
        done = put_figure(d, i);
    for (size_t i = 0; i < d->n_tids && done; i++) {
        struct markers markers = {.data = json_array()};
        done = put_thread(d, d->n_figures + i, d->tids[i], name_of_thread(d, d->tids[i])) &&
               add_scopes(d, &markers, d->tids[i]);
        done = put_markers(d->out, &markers) && done;
        fputc('}', d->out);
    }
    fputs("],\n", d->out);
    return done;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static bool put_document(struct document *d) {
    bool done = mt_firefox_tables_init(&d->tables, d->rows, d->n) && find_threads(d);
    choose_figures(d);
    done = done && put_meta(d) && mt_firefox_tables_put_libs(d->out, &d->tables);
    fputs(",\n\"pages\":[],\n", d->out);
    done = done && put_counters(d) && put_threads(d) &&
           mt_firefox_tables_put_shared(d->out, &d->tables);
    fputs("}\n", d->out);
    return done;
}

int mt_firefox_profile(FILE *stream, const struct mt_export *thing, struct mt_error *error) {
    const struct mt_rows *rows = thing->profile.rows;
    struct document d = {.out = stream,
                         .rows = rows,
                         .profile = mt_rows_profile(rows),
                         .n = mt_export_shown(thing->profile.n, mt_rows_count(rows))};
    bool done = put_document(&d);
    mt_firefox_tables_free(&d.tables);
    free(d.tids);
    return mt_export_finish(stream, done, error);
}
