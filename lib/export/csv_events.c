/* SPDX-License-Identifier: MIT */
/* Scopes one by one, marks and counters as CSV, by the rules of csv.c: a row each, its kind in the
 * first column; those of all processes of a timeline, on its clock, with the pid before it. */
#include <inttypes.h>
#include <stdlib.h>

#include "export/csv-local.h"
#include "export/export-local.h"
#include "view/timeline/timeline.h"

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
    for (size_t i = scopes->n_events - mt_export_shown(n, scopes->n_events);
         i < scopes->n_events && done; i++) {
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

int mt_csv_events(FILE *stream, const struct mt_export *thing, struct mt_error *error) {
    const struct csv_process process = {.profile = thing->events.profile};
    fputs(EVENT_COLUMNS, stream);
    return mt_csv_finish(stream, put_csv_events(stream, &process, thing->events.n), error);
}

int mt_csv_events_of_timeline(FILE *stream, const struct mt_export *thing, struct mt_error *error) {
    const struct mt_timeline *timeline = thing->timeline_events.timeline;
    bool done = true;
    fputs("pid," EVENT_COLUMNS, stream);
    for (size_t i = 0; i < timeline->n_courses && done; i++) {
        const struct csv_process process = {timeline->courses[i].profile,
                                            timeline->courses[i].start_ns, true};
        done = put_csv_events(stream, &process, 0);
    }
    return mt_csv_finish(stream, done, error);
}
