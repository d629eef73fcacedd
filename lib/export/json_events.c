/* SPDX-License-Identifier: MIT */
/*
 * Scopes one by one as JSON, schema memtrack-scope-events/1
 * (docs/schema/memtrack-scope-events-1.json), with marks and counters. What the program said of a
 * scope is an object of texts.
 */
#include "export/export-local.h"
#include "export/json-local.h"

static json_t *event_object(const struct mt_profile *profile, const struct mt_scope_event *event) {
    return json_pack(
        "{s:o, s:o, s:I, s:o, s:o, s:I, s:I, s:o}", "serial", mt_json_number(event->serial), "name",
        mt_json_text(mt_profile_text(profile, event->name)), "tid", (json_int_t)event->tid,
        "time_ns", mt_json_number(event->time_ns), "duration_ns",
        mt_json_number(event->duration_ns), "net_bytes", (json_int_t)event->net_bytes, "peak_bytes",
        (json_int_t)event->peak_bytes, "metadata", mt_json_metadata(profile, event));
}

static json_t *mark_object(const struct mt_profile *profile, const struct mt_mark *mark) {
    return json_pack("{s:o, s:o, s:s}", "time_ns", mt_json_number(mark->time_ns), "name",
                     mt_json_text(mt_profile_text(profile, mark->name)), "kind",
                     mt_json_mark_kind(mark->kind));
}

static json_t *counter_object(const struct mt_profile *profile, const struct mt_counter *counter) {
    return json_pack("{s:o, s:o, s:I, s:I}", "time_ns", mt_json_number(counter->time_ns), "name",
                     mt_json_text(mt_profile_text(profile, counter->name)), "tid",
                     (json_int_t)counter->tid, "value", (json_int_t)counter->value);
}

int mt_json_events(FILE *stream, const struct mt_export *thing, struct mt_error *error) {
    const struct mt_profile *profile = thing->events.profile;
    const struct mt_profile_info *info = &profile->info;
    const struct mt_scopes *scopes = &info->scopes;
    const struct mt_json_member members[] = {
        {"{\"schema\":", json_string("memtrack-scope-events/1")},
        {",\n \"process\":", mt_json_process(profile)},
        {",\n \"kept\":", mt_json_kept_events(scopes)},
    };
    int status = mt_json_put_members(stream, members, sizeof members / sizeof *members, error);
    bool made = true;
    if (status != 0)
        return status;
    size_t first = scopes->n_events - mt_export_shown(thing->events.n, scopes->n_events);
    fputs(",\n \"events\":[", stream);
    for (size_t i = first; i < scopes->n_events && made; i++)
        made = mt_json_put_item(stream, i - first, event_object(profile, &scopes->events[i]));
    fputs("],\n \"marks\":[", stream);
    for (size_t i = 0; i < info->n_marks && made; i++)
        made = mt_json_put_item(stream, i, mark_object(profile, &info->marks[i]));
    fputs("],\n \"counters\":[", stream);
    for (size_t i = 0; i < scopes->n_counters && made; i++)
        made = mt_json_put_item(stream, i, counter_object(profile, &scopes->counters[i]));
    fputs("]}\n", stream);
    return made ? mt_json_finish(stream, error) : mt_json_out_of_memory(error);
}
