/* SPDX-License-Identifier: MIT */
/* Functions line by line as JSON, schema memtrack-lines/1 (docs/schema/memtrack-lines-1.json). What
 * was not recorded is null. */
#include <stdlib.h>

#include "export/export-local.h"
#include "export/json-local.h"
#include "view/lines/lines.h"
#include "view/source.h"

static json_t *known(bool is_known, int64_t value) {
    return is_known ? json_integer(value) : json_null();
}

static json_t *with_figures(json_t *object, const struct mt_lines_figures *f) {
    const struct mt_json_member members[] = {
        {"hits", known(f->has_hits, (int64_t)f->hits)},
        {"time_ns", known(f->has_time, (int64_t)f->time_ns)},
        {"live_after_bytes", known(f->has_after, f->after_bytes)},
        {"increment_bytes", json_integer(mt_lines_increment(f))},
        {"increment_blocks", json_integer((int64_t)(f->allocated_blocks - f->freed_blocks))},
        {"peak_bytes", known(f->has_peak, f->peak_bytes)},
        {"allocated_bytes", json_integer((int64_t)f->allocated_bytes)},
        {"allocated_blocks", json_integer((int64_t)f->allocated_blocks)},
        {"freed_bytes", json_integer((int64_t)f->freed_bytes)},
        {"freed_blocks", json_integer((int64_t)f->freed_blocks)},
    };
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        json_object_set_new(object, members[i].before, members[i].value);
    return object;
}

static json_t *row_object(const struct mt_lines_row *row, const char *file,
                          struct mt_source *source) {
    char *text = mt_source_line_whole(source, file, row->line);
    json_t *object = json_pack("{s:I, s:o}", "line", (json_int_t)row->line, "text",
                               mt_json_text(text ? text : ""));
    free(text);
    return with_figures(object, &row->figures);
}

static json_t *function_object(const struct mt_lines *lines,
                               const struct mt_lines_function *function, struct mt_source *source) {
    const char *file = mt_profile_text(lines->profile, function->file);
    const char *module = mt_profile_text(lines->profile, function->module);
    uint64_t built_ns = mt_source_built_ns(lines->profile->info.start_time_ns, module);
    struct mt_lines_figures sum = function->sum;
    json_t *rows = json_array();
    for (size_t i = 0; rows && i < function->n_rows; i++)
        json_array_append_new(rows,
                              row_object(&lines->rows[function->first_row + i], file, source));
    json_t *object = json_pack(
        "{s:o, s:o, s:b, s:o, s:I, s:I, s:o, s:I, s:I, s:I, s:I, s:o}", "function",
        mt_json_text(mt_profile_text(lines->profile, function->name)), "file", mt_json_text(file),
        "is_newer", (int)mt_source_is_newer(source, file, built_ns), "module", mt_json_text(module),
        "from_line", (json_int_t)function->from, "to_line", (json_int_t)function->to, "time_ns",
        known(function->has_hits, (int64_t)sum.time_ns), "allocated_bytes",
        (json_int_t)sum.allocated_bytes, "allocated_blocks", (json_int_t)sum.allocated_blocks,
        "freed_bytes", (json_int_t)sum.freed_bytes, "freed_blocks", (json_int_t)sum.freed_blocks,
        "lines", rows);
    return object;
}

int mt_json_lines(FILE *stream, const struct mt_export *thing, struct mt_error *error) {
    const struct mt_lines *lines = thing->lines.lines;
    json_t *patterns = json_array();
    for (size_t i = 0; patterns && i < thing->lines.n_patterns; i++)
        json_array_append_new(patterns, mt_json_text(thing->lines.patterns[i]));
    const struct mt_json_member members[] = {
        {"{\"schema\":", json_string("memtrack-lines/1")},
        {",\n \"process\":", mt_json_process(lines->profile)},
        {",\n \"recording\":", mt_json_recording(lines->profile)},
        {",\n \"patterns\":", patterns},
        {",\n \"is_recorded\":", json_boolean(lines->is_recorded)},
    };
    int status = mt_json_put_members(stream, members, sizeof members / sizeof *members, error);
    if (status != 0)
        return status;
    bool done = true;
    fputs(",\n \"functions\":[", stream);
    for (size_t i = 0; i < lines->n_functions && done; i++)
        done = mt_json_put_item(stream, i,
                                function_object(lines, &lines->functions[i], thing->lines.source));
    fputs("]}\n", stream);
    return done ? mt_json_finish(stream, error) : mt_json_out_of_memory(error);
}
