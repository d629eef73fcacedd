/* SPDX-License-Identifier: MIT */
/*
 * A difference as JSON, by the rules of json.c. "old" and "new" are totals as a report has them,
 * "diff" is new minus old; what else is known of the sides is in "sides". Columns that one side has
 * not recorded are 0 there, as in a report: "columns" lists those that both have, and no other can
 * be compared.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "export/columns.h"
#include "export/export-local.h"
#include "export/json-local.h"
#include "view/compare/diff.h"

static json_t *columns_array(const struct mt_diff *diff) {
    json_t *columns = json_array();
    for (size_t i = 0; i < MT_N_VALUES; i++)
        if (mt_diff_has(diff, mt_export_columns[i].value))
            json_array_append_new(columns, json_string(mt_export_columns[i].name));
    return columns;
}

static json_t *totals_difference(const struct mt_diff *diff) {
    json_t *old = mt_json_totals(mt_diff_rows(diff, MT_OLD)),
           *new = mt_json_totals(mt_diff_rows(diff, MT_NEW));
    json_t *difference = json_object();
    for (void *at = json_object_iter(new); at; at = json_object_iter_next(new, at)) {
        const char *name = json_object_iter_key(at);
        json_int_t was = json_integer_value(json_object_get(old, name)),
                   is = json_integer_value(json_object_iter_value(at));
        json_object_set_new(difference, name, json_integer(is - was));
    }
    bool done = old && new &&json_object_size(difference) == json_object_size(new);
    json_decref(old);
    json_decref(new);
    if (done)
        return difference;
    json_decref(difference);
    return NULL;
}

static json_t *moment(const struct mt_rows *rows) {
    const struct mt_at *at = &mt_rows_options(rows)->at;
    if (at->kind == MT_AT_TIME)
        return json_pack("{s:s, s:o}", "moment", "time", "time_ns", mt_json_number(at->time_ns));
    return json_pack("{s:s, s:i}", "moment", at->kind == MT_AT_PEAK ? "peak" : "end", "time_ns", 0);
}

static json_t *side_object(const struct mt_diff *diff, enum mt_side side, const char *name) {
    const struct mt_rows *rows = mt_diff_rows(diff, side);
    const struct mt_profile *profile = mt_rows_profile(rows);
    return json_pack("{s:o, s:o, s:o, s:o, s:o}", "name", mt_json_text(name), "at", moment(rows),
                     "process", mt_json_process(profile), "recording", mt_json_recording(profile),
                     "notes", mt_json_notes(rows));
}

static json_t *sides_object(const struct mt_diff *diff, const char *const names[MT_N_SIDES]) {
    return json_pack("{s:o, s:o}", "old", side_object(diff, MT_OLD, names[MT_OLD]), "new",
                     side_object(diff, MT_NEW, names[MT_NEW]));
}

static json_t *notes_array(const struct mt_diff *diff) {
    json_t *notes = json_array();
    const char *note;
    for (size_t i = 0; (note = mt_diff_note(diff, i)); i++)
        json_array_append_new(notes, mt_json_text(note));
    return notes;
}

/* ---- rows ------------------------------------------------------------------------------------ */

static json_t *names_object(const struct mt_diff *diff, const struct mt_diff_row *row) {
    enum mt_side side = mt_diff_named_by(row);
    const struct mt_profile *profile = mt_rows_profile(mt_diff_rows(diff, side));
    const struct mt_row *named = row->row[side];
    bool failed;
    char *key = mt_diff_key(diff, row), *old_key = mt_diff_old_key(diff, row, &failed);
    json_t *object = json_pack(
        "{s:o, s:s, s:o, s:o, s:o, s:I, s:o}", "key", key ? mt_json_text(key) : NULL, "state",
        mt_diff_state_name(row->state), "old_key",
        failed ? NULL : mt_json_text(old_key ? old_key : ""), "function",
        mt_json_text(mt_profile_text(profile, named->function)), "file",
        mt_json_text(mt_profile_text(profile, named->file)), "line", (json_int_t)named->line,
        "module", mt_json_text(mt_profile_text(profile, named->module)));
    free(key);
    free(old_key);
    return object;
}

/* Writes how far the differences may be from the true ones. */
static void put_margins(FILE *stream, const struct mt_diff_row *row) {
    for (size_t i = 0; i < MT_N_VALUES; i++)
        fprintf(stream, "%s\"%s\":%" PRId64, i ? "," : ",\"margin\":{", mt_export_columns[i].name,
                mt_diff_margin(row, mt_export_columns[i].value));
    fputc('}', stream);
}

static bool put_row(FILE *stream, const struct mt_diff *diff, const struct mt_diff_row *row,
                    struct mt_json_stacks stacks[MT_N_SIDES]) {
    if (!mt_json_put_open(stream, names_object(diff, row)))
        return false;
    for (size_t i = 0; i < MT_N_VALUES; i++) {
        const char *name = mt_export_columns[i].name;
        enum mt_value v = mt_export_columns[i].value;
        fprintf(stream, ",\"old_%s\":%" PRId64 ",\"new_%s\":%" PRId64 ",\"diff_%s\":%" PRId64, name,
                row->value[MT_OLD][v], name, row->value[MT_NEW][v], name, row->diff[v]);
    }
    if (mt_diff_is_sampled(diff))
        put_margins(stream, row);
    enum mt_side side = mt_diff_named_by(row);
    bool done = mt_diff_by(diff) != MT_BY_STACK || mt_json_put_stack(&stacks[side], row->row[side]);
    fputc('}', stream);
    return done;
}

static int put_rows(FILE *stream, const struct mt_diff *diff, size_t n, struct mt_error *error) {
    size_t count = mt_diff_count(diff), last = n && n < count ? n : count;
    struct mt_json_stacks stacks[MT_N_SIDES];
    bool done = mt_json_stacks_init(&stacks[MT_OLD], stream, mt_diff_rows(diff, MT_OLD));
    done = mt_json_stacks_init(&stacks[MT_NEW], stream, mt_diff_rows(diff, MT_NEW)) && done;
    fputs(",\n \"rows\":[", stream);
    for (size_t i = 0; i < last && done; i++) {
        fputs(i ? ",\n  " : "\n  ", stream);
        done = put_row(stream, diff, mt_diff_at(diff, i), stacks);
    }
    fputs("]}\n", stream);
    mt_json_stacks_free(&stacks[MT_OLD]);
    mt_json_stacks_free(&stacks[MT_NEW]);
    return done ? mt_json_finish(stream, error) : mt_json_out_of_memory(error);
}

int mt_json_diff(FILE *stream, const struct mt_export *thing, struct mt_error *error) {
    const struct mt_diff *diff = thing->diff.diff;
    const struct mt_json_member members[] = {
        {"{\"schema\":", json_string("memtrack-diff/1")},
        {",\n \"old\":", mt_json_totals(mt_diff_rows(diff, MT_OLD))},
        {",\n \"new\":", mt_json_totals(mt_diff_rows(diff, MT_NEW))},
        {",\n \"diff\":", totals_difference(diff)},
        {",\n \"sides\":", sides_object(diff, thing->diff.names)},
        {",\n \"columns\":", columns_array(diff)},
        {",\n \"notes\":", notes_array(diff)},
        {",\n \"group_by\":", json_string(mt_group_by_name(mt_diff_by(diff)))},
        {",\n \"sort\":", json_string(mt_sort_name(mt_diff_sort(diff)))},
    };
    int status = mt_json_put_members(stream, members, sizeof members / sizeof *members, error);
    return status ? status : put_rows(stream, diff, thing->diff.n, error);
}
