/* SPDX-License-Identifier: MIT */
/*
 * A table of memtrack top as JSON, schema memtrack-top/1: an object on a line of its own, so that a
 * script reads tables as they come. Rates that have not been taken yet are null rather than 0:
 * nothing is known of them.
 */
#include "base/clock.h"
#include "export/export-local.h"
#include "export/json-local.h"
#include "view/format/format.h"

enum { MAX_STACK = 256 };

static json_t *rate(bool has_rates, int64_t value) {
    return has_rates ? json_integer(value) : json_null();
}

static void set_values(json_t *object, const struct mt_export_top_line *line, bool has_rates) {
    json_object_set_new(object, "live_bytes", json_integer(line->live_bytes));
    json_object_set_new(object, "live_blocks", json_integer(line->live_blocks));
    json_object_set_new(object, "total_bytes", json_integer(line->total_bytes));
    json_object_set_new(object, "total_blocks", json_integer(line->total_blocks));
    json_object_set_new(object, "diff_live_bytes", json_integer(line->diff_live_bytes));
    json_object_set_new(object, "diff_live_blocks", json_integer(line->diff_live_blocks));
    json_object_set_new(object, "bytes_per_second", rate(has_rates, line->bytes_per_second));
    json_object_set_new(object, "blocks_per_second", rate(has_rates, line->blocks_per_second));
}

static json_t *stack_array(const struct mt_export_top *top, const struct mt_row *row) {
    struct mt_row_frame frames[MAX_STACK];
    const struct mt_profile *p = top->profile;
    bool truncated;
    size_t n = mt_rows_stack(top->rows, row, frames, MAX_STACK, &truncated);
    json_t *stack = json_array();
    for (size_t i = 0; i < n && i < MAX_STACK; i++)
        json_array_append_new(stack,
                              json_pack("{s:o, s:o, s:I, s:o}", "function",
                                        mt_json_text(mt_profile_text(p, frames[i].function)),
                                        "file", mt_json_text(mt_profile_text(p, frames[i].file)),
                                        "line", (json_int_t)frames[i].line, "module",
                                        mt_json_text(mt_profile_text(p, frames[i].module))));
    return stack;
}

static void set_stack(json_t *object, const struct mt_export_top *top, const struct mt_row *row) {
    bool truncated;
    size_t n = mt_rows_stack(top->rows, row, NULL, 0, &truncated);
    uint32_t missing = truncated ? mt_rows_missing(top->rows, row) : 0;
    json_object_set_new(object, "stack", stack_array(top, row));
    if (!missing)
        return;
    json_object_set_new(object, "total_frames", mt_json_number(n + missing));
    json_object_set_new(object, "total_frames_at_least",
                        json_boolean(missing >= MT_PROFILE_MISSING_ROUNDED));
}

static json_t *row_object(const struct mt_export_top *top, const struct mt_export_top_line *line) {
    const struct mt_row *row = line->row;
    json_t *object = mt_json_row_names(top->rows, row);
    if (!object)
        return NULL;
    set_values(object, line, top->has_rates);
    if (top->by == MT_BY_STACK)
        set_stack(object, top, row);
    return object;
}

static json_t *process_object(const struct mt_export_top *top) {
    const struct mt_profile_info *info = &top->profile->info;
    json_t *command = json_array();
    for (size_t i = 0; i < info->n_command; i++)
        json_array_append_new(command,
                              mt_json_text(mt_profile_text(top->profile, info->command[i])));
    return json_pack("{s:I, s:o, s:o, s:s}", "pid", (json_int_t)info->pid, "exe",
                     mt_json_text(mt_profile_text(top->profile, info->exe)), "command", command,
                     "state", top->state);
}

static json_t *totals_object(const struct mt_export_top *top) {
    json_t *object = json_object();
    if (!object)
        return NULL;
    set_values(object, &top->totals, top->has_rates);
    json_object_set_new(object, "peak_bytes",
                        json_integer(top->peak_bytes > 0 ? top->peak_bytes : 0));
    json_object_set_new(object, "rss_bytes", mt_json_number(top->rss_bytes));
    json_object_set_new(object, "failed_allocations", mt_json_number(top->failed_allocations));
    return object;
}

static json_t *processes_array(const struct mt_export_top_process *processes, size_t n) {
    json_t *array = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(
            array, json_pack("{s:I, s:o, s:s}", "pid", (json_int_t)processes[i].pid, "program",
                             mt_json_text(processes[i].program), "state", processes[i].state));
    return array;
}

/* Of a tree: whom the figures are of, whom they are not of, and who has ended meanwhile. */
static json_t *tree_object(const struct mt_export_top *top) {
    return json_pack(
        "{s:o, s:o, s:o, s:I}", "processes", processes_array(top->processes, top->n_processes),
        "not_recorded", processes_array(top->unrecorded, top->n_unrecorded), "ended",
        mt_json_number(top->n_ended), "ended_live_bytes", (json_int_t)top->ended_live_bytes);
}

static json_t *table_object(const struct mt_export_top *top) {
    char time[MT_FORMAT_BYTES];
    json_t *rows = json_array();
    for (size_t i = 0; i < top->n; i++)
        json_array_append_new(rows, row_object(top, &top->lines[i]));
    json_t *table = json_pack(
        "{s:s, s:s, s:o, s:o, s:o, s:{s:s, s:o, s:b}, s:{s:o, s:o, s:o}, s:o, s:s, s:s, s:o}",
        "schema", "memtrack-top/1", "time", mt_format_rfc3339(time, mt_clock_ns(CLOCK_REALTIME)),
        "uptime_ns", mt_json_number(top->uptime_ns), "window_ns", mt_json_number(top->window_ns),
        "process", process_object(top), "recording", "mode",
        top->sample_bytes ? "sampled" : "exact", "sample_bytes", mt_json_number(top->sample_bytes),
        "off", (int)top->is_off, "coverage", "unknown_frees", mt_json_number(top->unknown_frees),
        "dropped_events", mt_json_number(top->dropped_events), "lossy_blocks",
        mt_json_number(top->lossy_blocks), "totals", totals_object(top), "group_by",
        mt_group_by_name(top->by), "sort", top->sort, "rows", rows);
    if (table && top->is_tree)
        json_object_set_new(table, "tree", tree_object(top));
    return table;
}

/* A write that failed is noticed when the output is finished, as with tables for people. */
int mt_json_top(FILE *stream, const struct mt_export *thing, struct mt_error *error) {
    int rc = mt_json_put_line(stream, table_object(&thing->top), error);
    return rc == -MEMTRACK_EIO ? 0 : rc;
}
