/* SPDX-License-Identifier: MIT */
/*
 * What memtrack serve says between two profiles, schemas memtrack-state/1 and memtrack-marks/1
 * (docs/schema): small, since a page asks for it every second.
 */
#include "export/export-local.h"
#include "export/json-local.h"
#include "view/format/format.h"

static json_t *tick_object(const struct mt_tick *tick) {
    return json_pack("{s:o, s:I, s:o, s:o, s:o, s:o}", "time_ns", mt_json_number(tick->time_ns),
                     "live_bytes", (json_int_t)tick->live_bytes, "total_blocks",
                     mt_json_number(tick->total_blocks), "rss_bytes",
                     mt_json_number(tick->rss_bytes), "pss_bytes", mt_json_number(tick->pss_bytes),
                     "swap_bytes", mt_json_number(tick->swap_bytes));
}

static json_t *ticks_array(const struct mt_export_served *s) {
    json_t *array = json_array();
    for (size_t i = 0; i < s->n_ticks; i++)
        json_array_append_new(array, tick_object(&s->ticks[i]));
    return array;
}

/* As in "process" of a report. */
static json_t *exit_object(const struct mt_export_served *s) {
    bool has_code = s->exit_known && !s->exit_signal, has_signal = s->exit_known && s->exit_signal;
    return json_pack("{s:o, s:o}", "code", has_code ? json_integer(s->exit_code) : json_null(),
                     "signal", has_signal ? json_integer(s->exit_signal) : json_null());
}

int mt_json_served(FILE *stream, const struct mt_export *thing, struct mt_error *error) {
    const struct mt_export_served *s = thing->served;
    char start[MT_FORMAT_BYTES];
    const struct mt_json_member members[] = {
        {"{\"schema\":", json_string("memtrack-state/1")},
        {",\"pid\":", json_integer(s->pid)},
        {",\"program\":", mt_json_text(s->program)},
        {",\"state\":", json_string(s->state)},
        {",\"exit\":", exit_object(s)},
        {",\"start_time\":", json_string(mt_format_rfc3339(start, s->start_time_ns))},
        {",\"time_ns\":", mt_json_number(s->time_ns)},
        {",\"live_bytes\":", mt_json_number(s->live_bytes)},
        {",\"peak_bytes\":", mt_json_number(s->peak_bytes)},
        {",\"total_blocks\":", mt_json_number(s->total_blocks)},
        {",\"rss_bytes\":", mt_json_number(s->rss_bytes)},
        {",\"pss_bytes\":", mt_json_number(s->pss_bytes)},
        {",\"swap_bytes\":", mt_json_number(s->swap_bytes)},
        {",\"tag\":", json_string(s->tag)},
        {",\"changed\":", json_boolean(s->has_changed)},
        {",\"marks\":", mt_json_number(s->n_marks)},
        {",\"ticks\":", ticks_array(s)},
    };
    int status = mt_json_put_members(stream, members, sizeof members / sizeof *members, error);
    fputs("}\n", stream);
    return status ? status : mt_json_finish(stream, error);
}

static json_t *mark_object(const struct mt_export_served_mark *mark) {
    return json_pack("{s:o, s:o, s:o}", "name", mt_json_text(mark->name), "time_ns",
                     mt_json_number(mark->time_ns), "live_bytes", mt_json_number(mark->live_bytes));
}

int mt_json_served_marks(FILE *stream, const struct mt_export *thing, struct mt_error *error) {
    const struct mt_export_served *s = thing->served;
    bool made = true;
    fputs("{\"schema\":\"memtrack-marks/1\",\"marks\":[", stream);
    for (size_t i = 0; i < s->n_marks && made; i++)
        made = mt_json_put_item(stream, i, mark_object(&s->marks[i]));
    fputs("]}\n", stream);
    return made ? mt_json_finish(stream, error) : mt_json_out_of_memory(error);
}
