/* SPDX-License-Identifier: MIT */
/* The index of a run of several processes, schema memtrack-index/1
 * (docs/schema/memtrack-index-1.json), which view/processes/index.c reads: one process a line. */
#include "export/export-local.h"
#include "export/json-local.h"
#include "view/processes/index.h"

static json_t *exit_object(const struct mt_process *p) {
    bool by_signal = p->exit_known && p->exit_signal;
    return json_pack("{s:o, s:o}", "code",
                     p->exit_known && !by_signal ? json_integer(p->exit_code) : json_null(),
                     "signal", by_signal ? json_integer(p->exit_signal) : json_null());
}

static json_t *text_or_null(const char *text) {
    return text ? mt_json_text(text) : json_null();
}

static json_t *process_object(const struct mt_process *p) {
    json_t *command = json_array();
    for (size_t i = 0; i < p->n_words; i++)
        json_array_append_new(command, mt_json_text(p->command[i]));
    return json_pack(
        "{s:o, s:o, s:o, s:b, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, "
        "s:o, s:o}",
        "pid", mt_json_number(p->pid), "parent_pid", mt_json_number(p->parent_pid), "image",
        mt_json_number(p->image), "is_last_image", (int)p->is_last_image, "is_main",
        (int)p->is_main, "program", mt_json_text(p->program ? p->program : ""), "exe",
        mt_json_text(p->exe ? p->exe : ""), "command", command, "start_time_ns",
        mt_json_number(p->start_time_ns), "duration_ns", mt_json_number(p->duration_ns),
        "peak_bytes", mt_json_number(p->peak_bytes), "live_bytes", mt_json_number(p->live_bytes),
        "live_blocks", mt_json_number(p->live_blocks), "total_bytes",
        mt_json_number(p->total_bytes), "total_blocks", mt_json_number(p->total_blocks),
        "anonymous_bytes", mt_json_number(p->anonymous_bytes), "exit", exit_object(p), "file",
        text_or_null(p->file), "why", text_or_null(p->why));
}

json_t *mt_json_index_tree(const struct mt_processes *processes) {
    if (!processes->peak_known)
        return json_null();
    json_t *points = json_array();
    for (size_t i = 0; i < processes->n_points; i++)
        json_array_append_new(
            points, json_pack("{s:o, s:o}", "time_ns", mt_json_number(processes->points[i].time_ns),
                              "bytes", mt_json_number(processes->points[i].bytes)));
    return json_pack("{s:o, s:o, s:o, s:o, s:o}", "peak_bytes",
                     mt_json_number(processes->peak_bytes), "peak_time_ns",
                     mt_json_number(processes->peak_ns), "tick_ns",
                     mt_json_number(processes->tick_ns), "processes_at_peak",
                     mt_json_number(processes->n_at_peak), "points", points);
}

bool mt_json_index_put_processes(FILE *stream, const struct mt_processes *processes) {
    bool done = true;
    fputs(",\n \"processes\":[", stream);
    for (size_t i = 0; i < processes->n && done; i++)
        done = mt_json_put_item(stream, i, process_object(&processes->items[i]));
    fputs("]", stream);
    return done;
}

int mt_json_index(FILE *stream, const struct mt_export *thing, struct mt_error *error) {
    const struct mt_processes *processes = thing->processes;
    const struct mt_json_member members[] = {
        {"{\"schema\":", json_string(MT_INDEX_SCHEMA)},
        {",\n \"start_time_ns\":", mt_json_number(processes->start_time_ns)},
        {",\n \"duration_ns\":", mt_json_number(processes->duration_ns)},
        {",\n \"is_complete\":", json_boolean(processes->is_complete)},
        {",\n \"tree\":", mt_json_index_tree(processes)},
    };
    int status = mt_json_put_members(stream, members, sizeof members / sizeof *members, error);
    if (status != 0)
        return status;
    if (!mt_json_index_put_processes(stream, processes))
        return mt_json_out_of_memory(error);
    fputs("}\n", stream);
    return mt_json_finish(stream, error);
}
