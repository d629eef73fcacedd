/* SPDX-License-Identifier: MIT */
/*
 * Annotated sources as JSON, schema memtrack-annotate/1 (docs/schema/memtrack-annotate-1.json): a
 * line of source a line. Lines without figures are not written: they are in the source. What is in
 * none of the lines is "elsewhere", so that every column adds up to its total.
 */
#include <stdlib.h>
#include <string.h>

#include "export/columns.h"
#include "export/export-local.h"
#include "export/json-local.h"
#include "view/annotate/annotate.h"
#include "view/source.h"

struct writing {
    FILE *stream;
    const struct mt_annotate *annotate;
    const struct mt_profile *profile;
    struct mt_source *source;
};

/* Adds the columns to an object, which is released when that fails. */
static json_t *with_figures(const struct writing *w, json_t *object, const struct mt_row *row) {
    int status = object ? 0 : -1;
    for (size_t i = 0; i < MT_N_VALUES && status == 0; i++)
        status = json_object_set_new(object, mt_export_columns[i].name,
                                     json_integer(row->value[mt_export_columns[i].value]));
    if (status == 0 && w->profile->info.sample_bytes)
        status = json_object_set_new(object, "margin", mt_json_margins(w->annotate->rows, row));
    if (status == 0)
        return object;
    json_decref(object);
    return NULL;
}

static json_t *scopes_array(const struct writing *w, const struct mt_annotate_line *line) {
    json_t *array = json_array();
    for (size_t i = 0; i < line->n_scopes && array; i++)
        json_array_append_new(array, mt_json_text(mt_profile_text(
                                         w->profile, w->annotate->scopes[line->first_scope + i])));
    return array;
}

static json_t *line_object(const struct writing *w, const struct mt_annotate_line *line) {
    char *text =
        mt_source_line_whole(w->source, mt_profile_text(w->profile, line->row->file), line->line);
    json_t *object = json_pack("{s:I, s:o, s:o, s:o}", "line", (json_int_t)line->line, "text",
                               mt_json_text(text ? text : ""), "function",
                               mt_json_text(mt_profile_text(w->profile, line->row->function)),
                               "scopes", scopes_array(w, line));
    free(text);
    return with_figures(w, object, line->row);
}

static json_t *file_object(const struct writing *w, const struct mt_annotate_file *file) {
    const char *path = mt_profile_text(w->profile, file->file),
               *module = mt_profile_text(w->profile, file->module);
    size_t bytes;
    bool is_found = mt_source_text(w->source, path, &bytes) != NULL,
         is_newer = mt_source_is_newer(w->source, path,
                                       mt_source_built_ns(w->profile->info.start_time_ns, module));
    return with_figures(w,
                        json_pack("{s:o, s:o, s:b, s:b}", "file", mt_json_text(path), "module",
                                  mt_json_text(module), "is_found", (int)is_found, "is_newer",
                                  (int)is_newer),
                        &file->sum);
}

static bool put_lines(const struct writing *w, const struct mt_annotate_file *file) {
    bool done = true;
    size_t n = 0;
    for (size_t i = 0; i < file->n_lines && done; i++) {
        const struct mt_annotate_line *line = &w->annotate->lines[file->first_line + i];
        if (!line->is_shown)
            continue;
        fputs(n++ ? ",\n   " : "\n   ", w->stream);
        json_t *object = line_object(w, line);
        done = object && json_dumpf(object, w->stream, MT_JSON_FLAGS) == 0;
        json_decref(object);
    }
    return done;
}

static bool put_files(const struct writing *w) {
    bool done = true;
    size_t n = 0;
    for (size_t i = 0; i < w->annotate->n_files && done; i++) {
        const struct mt_annotate_file *file = &w->annotate->files[i];
        if (file->n_lines && !file->n_shown)
            continue;
        fputs(n++ ? ",\n  " : "\n  ", w->stream);
        done = mt_json_put_open(w->stream, file_object(w, file));
        fputs(",\"lines\":[", w->stream);
        done = done && put_lines(w, file);
        fputs("]}", w->stream);
    }
    return done;
}

/* What is in no line that was written. */
static json_t *elsewhere_object(const struct writing *w) {
    struct mt_row rest;
    double variance[MT_N_VALUES];
    size_t n = mt_annotate_rest(w->annotate, NULL, &rest, variance);
    return with_figures(w, json_pack("{s:I}", "lines", (json_int_t)n), &rest);
}

int mt_json_annotate(FILE *stream, const struct mt_export *thing, struct mt_error *error) {
    const struct mt_annotate *annotate = thing->annotate.annotate;
    const struct mt_rows *rows = annotate->rows;
    const struct mt_view_options *options = mt_rows_options(rows);
    struct writing w = {stream, annotate, mt_rows_profile(rows), thing->annotate.source};
    const struct mt_json_member members[] = {
        {"{\"schema\":", json_string("memtrack-annotate/1")},
        {",\n \"process\":", mt_json_process(w.profile)},
        {",\n \"recording\":", mt_json_recording(w.profile)},
        {",\n \"totals\":", mt_json_totals(rows)},
        {",\n \"coverage\":", mt_json_coverage(rows)},
        {",\n \"source\":", mt_json_text(thing->annotate.asked ? thing->annotate.asked : "")},
        {",\n \"sort\":", json_string(mt_sort_name(options->sort))},
        {",\n \"cumulative\":", json_boolean(options->cumulative)},
        {",\n \"elsewhere\":", options->cumulative ? json_null() : elsewhere_object(&w)},
    };
    int status = mt_json_put_members(stream, members, sizeof members / sizeof *members, error);
    if (status != 0)
        return status;
    fputs(",\n \"files\":[", stream);
    bool done = put_files(&w);
    fputs("]}\n", stream);
    return done ? mt_json_finish(stream, error) : mt_json_out_of_memory(error);
}
