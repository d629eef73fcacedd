/* SPDX-License-Identifier: MIT */
/*
 * Scopes by name as JSON, schema memtrack-scopes/1 (docs/schema/memtrack-scopes-1.json). A row is
 * written as it is made, for the reason that rows of a report are. Every field is always there and
 * of one type.
 */
#include "export/export-local.h"
#include "export/json-local.h"
#include "view/scopes/arcs.h"
#include "view/scopes/notes.h"
#include "view/scopes/rows.h"

/* The object says by how much the sum may be off, when it is an estimate. */
static json_t *statistic_object(const struct mt_scopes_rows *rows, const struct mt_scope_row *row,
                                enum mt_scope_value value) {
    const struct mt_scope_statistic *s = &row->value[value];
    json_t *object =
        json_pack("{s:I, s:f, s:I, s:I, s:I, s:o, s:o}", "sum", (json_int_t)s->sum, "mean", s->mean,
                  "p50", (json_int_t)s->p50, "p95", (json_int_t)s->p95, "max", (json_int_t)s->max,
                  "min", row->has_spread ? json_integer(s->min) : json_null(), "stddev",
                  row->has_spread ? json_real(s->stddev) : json_null());
    if (object && mt_scopes_rows_is_estimate(rows, value))
        json_object_set_new(object, "sum_margin",
                            json_integer(mt_scopes_rows_margin(rows, row, value, s->sum)));
    return object;
}

static json_t *text_or_null(const struct mt_profile *profile, mt_string text) {
    return text ? mt_json_text(mt_profile_text(profile, text)) : json_null();
}

/* Adds what is known of the scopes besides their figures. Returns 0, or -1 out of memory. */
static int add_context(json_t *object, const struct mt_profile *profile,
                       const struct mt_scope_row *row) {
    json_t *context = json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "group",
        mt_json_text(mt_profile_text(profile, row->group)), "file",
        text_or_null(profile, row->file), "line", row->file ? json_integer(row->line) : json_null(),
        "recursive", mt_json_number(row->recursive), "misuses", mt_json_number(row->misuses),
        "error", text_or_null(profile, row->error), "latest_before_bytes",
        row->has_latest ? json_integer(row->latest_before_bytes) : json_null(),
        "latest_after_bytes",
        row->has_latest ? json_integer(row->latest_after_bytes) : json_null());
    int status = context ? json_object_update(object, context) : -1;
    json_decref(context);
    if (status == 0 && row->unmeasured)
        status = json_object_set_new(object, "unmeasured", mt_json_number(row->unmeasured));
    return status;
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
        status = add_context(object, rows->profile, row);
    if (status == 0)
        return object;
    json_decref(object);
    return NULL;
}

static json_t *arc_object(const struct mt_profile *profile, const struct mt_scopes_arc *arc) {
    json_t *object =
        json_pack("{s:o, s:o, s:o}", "name", mt_json_text(mt_profile_text(profile, arc->other)),
                  "count", mt_json_number(arc->count), "outermost", mt_json_number(arc->outermost));
    int status = object ? 0 : -1;
    for (size_t v = 0; v < MT_N_CALL_VALUES && status == 0; v++) {
        char own[32];
        const char *key = mt_scopes_arcs_value_key((enum mt_call_value)v);
        snprintf(own, sizeof own, "own_%s", key);
        status = json_object_set_new(object, key, json_integer(arc->sum[v]));
        if (status == 0)
            status = json_object_set_new(object, own, json_integer(arc->own[v]));
    }
    if (status == 0)
        return object;
    json_decref(object);
    return NULL;
}

static json_t *arcs_array(const struct mt_profile *profile, const struct mt_scopes_arcs *arcs,
                          const struct mt_scope_row *row) {
    size_t n = 0;
    const struct mt_scopes_arc *arc =
        row->is_process ? NULL : mt_scopes_arcs_of(arcs, row->name, &n);
    json_t *array = json_array();
    for (size_t i = 0; array && i < n; i++)
        if (json_array_append_new(array, arc_object(profile, &arc[i])) != 0) {
            json_decref(array);
            return NULL;
        }
    return array;
}

/* The row, with its callers or callees when they were asked for. */
static json_t *called_object(const struct mt_export *thing, const struct mt_scopes_arcs *arcs,
                             const struct mt_scope_row *row) {
    json_t *object = row_object(thing->scopes.rows, row);
    if (object && (thing->scopes.callers || thing->scopes.callees) &&
        json_object_set_new(object, thing->scopes.callers ? "callers" : "callees",
                            arcs_array(thing->scopes.rows->profile, arcs, row)) != 0) {
        json_decref(object);
        return NULL;
    }
    return object;
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

static bool put_rows(FILE *stream, const struct mt_export *thing, struct mt_error *error) {
    const struct mt_scopes_rows *rows = thing->scopes.rows;
    struct mt_scopes_arcs arcs = {0};
    bool made = true;
    if (thing->scopes.callers || thing->scopes.callees)
        made = mt_scopes_arcs_build(rows->profile,
                                    thing->scopes.callers ? MT_ARCS_CALLERS : MT_ARCS_CALLEES,
                                    &arcs, error) == 0;
    for (size_t i = 0; i < mt_export_shown(thing->scopes.n, rows->n) && made; i++)
        made = mt_json_put_item(stream, i, called_object(thing, &arcs, &rows->items[i]));
    mt_scopes_arcs_free(&arcs);
    return made;
}

/* What the figures leave out, in sentences. */
static json_t *notes_array(const struct mt_profile *profile) {
    json_t *notes = json_array();
    for (size_t i = 0; i < profile->info.n_notes; i++) {
        const char *note = mt_profile_text(profile, profile->info.notes[i]);
        if (mt_scopes_notes_has(note))
            json_array_append_new(notes, mt_json_text(note));
    }
    return notes;
}

int mt_json_scopes(FILE *stream, const struct mt_export *thing, struct mt_error *error) {
    const struct mt_scopes_rows *rows = thing->scopes.rows;
    const struct mt_profile *profile = rows->profile;
    const struct mt_json_member members[] = {
        {"{\"schema\":", json_string("memtrack-scopes/1")},
        {",\n \"process\":", mt_json_process(profile)},
        {",\n \"recording\":", mt_json_recording(profile)},
        {",\n \"events\":", mt_json_kept_events(&profile->info.scopes)},
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
        made = mt_json_put_item(stream, i, open_object(profile, &scopes->open[i]));
    fputs("],\n \"rows\":[", stream);
    made = made && put_rows(stream, thing, error);
    fputs("]", stream);
    made = made && mt_json_figures(stream, rows);
    if (!made)
        return mt_json_out_of_memory(error);
    const struct mt_json_member notes = {",\n \"notes\":", notes_array(profile)};
    status = mt_json_put_members(stream, &notes, 1, error);
    fputs("}\n", stream);
    return status != 0 ? status : mt_json_finish(stream, error);
}
