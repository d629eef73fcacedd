/* SPDX-License-Identifier: MIT */
/*
 * A report as JSON, schema memtrack-report/1 (docs/schema/memtrack-report-1.json): one row a line.
 * What the grouping does not determine is "" or 0.
 */
#include <stdlib.h>

#include "export/columns.h"
#include "export/export-local.h"
#include "export/json-local.h"

static json_t *row_object(const struct mt_rows *rows, const struct mt_row *row) {
    const struct mt_profile *profile = mt_rows_profile(rows);
    json_t *object = mt_json_row_names(rows, row);
    int status = object ? 0 : -1;
    for (size_t i = 0; i < MT_N_VALUES && status == 0; i++)
        status = json_object_set_new(object, mt_export_columns[i].name,
                                     json_integer(row->value[mt_export_columns[i].value]));
    if (status == 0 && profile->info.sample_bytes)
        status = json_object_set_new(object, "margin", mt_json_margins(rows, row));
    if (status == 0)
        return object;
    json_decref(object);
    return NULL;
}

/* The functions that were recognised as wrappers, so that their callers are charged. */
static json_t *wrappers_array(const struct mt_rows *rows) {
    enum { MOST = 256 };
    struct mt_rows_wrapper wrappers[MOST];
    size_t n = mt_rows_wrappers(rows, wrappers, MOST);
    json_t *array = json_array();
    for (size_t i = 0; i < n && i < MOST; i++) {
        const struct mt_profile *profile = mt_rows_profile(rows);
        json_array_append_new(
            array, json_pack("{s:o, s:o}", "function",
                             mt_json_text(mt_profile_text(profile, wrappers[i].function)), "file",
                             mt_json_text(mt_profile_text(profile, wrappers[i].file))));
    }
    return array;
}

static int put_rows(FILE *stream, const struct mt_rows *rows, size_t n, struct mt_error *error) {
    size_t count = mt_rows_count(rows), last = n && n < count ? n : count;
    bool with_stacks = mt_rows_options(rows)->by == MT_BY_STACK;
    struct mt_json_stacks stacks;
    bool done = mt_json_stacks_init(&stacks, stream, rows);
    fputs(",\n \"rows\":[", stream);
    for (size_t i = 0; i < last && done; i++) {
        const struct mt_row *row = mt_rows_at(rows, i);
        fputs(i ? ",\n  " : "\n  ", stream);
        done = mt_json_put_open(stream, row_object(rows, row)) &&
               (!with_stacks || mt_json_put_stack(&stacks, row));
        fputc('}', stream);
    }
    fputs("]}\n", stream);
    mt_json_stacks_free(&stacks);
    return done ? mt_json_finish(stream, error) : mt_json_out_of_memory(error);
}

/* Of a run of several processes. "process" is the one that was started, and the peaks of rows and
 * totals are those of each at its own; here is that of all together. */
static int put_run(FILE *stream, const struct mt_processes *processes, struct mt_error *error) {
    const struct mt_json_member tree = {",\n \"tree\":", mt_json_index_tree(processes)};
    int status = mt_json_put_members(stream, &tree, 1, error);
    if (status == 0 && !mt_json_index_put_processes(stream, processes))
        status = mt_json_out_of_memory(error);
    return status;
}

int mt_json_report(FILE *stream, const struct mt_export *thing, struct mt_error *error) {
    const struct mt_rows *rows = thing->report.rows;
    const struct mt_profile *profile = mt_rows_profile(rows);
    const struct mt_view_options *options = mt_rows_options(rows);
    const struct mt_json_member members[] = {
        {"{\"schema\":", json_string("memtrack-report/1")},
        {",\n \"process\":", mt_json_process(profile)},
        {",\n \"recording\":", mt_json_recording(profile)},
        {",\n \"totals\":", mt_json_totals(rows)},
        {",\n \"totals_margin\":",
         profile->info.sample_bytes ? mt_json_margins(rows, mt_rows_all(rows)) : json_null()},
        {",\n \"coverage\":", mt_json_coverage(rows)},
        {",\n \"self\":",
         json_pack("{s:o}", "ledger_bytes", mt_json_number(profile->info.ledger_bytes))},
        {",\n \"wrappers\":", wrappers_array(rows)},
        {",\n \"group_by\":", json_string(mt_group_by_name(options->by))},
        {",\n \"sort\":", json_string(mt_sort_name(options->sort))},
    };
    int status = mt_json_put_members(stream, members, sizeof members / sizeof *members, error);
    if (status == 0 && thing->report.processes)
        status = put_run(stream, thing->report.processes, error);
    return status ? status : put_rows(stream, rows, thing->report.n, error);
}
