/* SPDX-License-Identifier: MIT */
/*
 * What the JSON of all kinds is made of. jansson builds each member and each row; the object around
 * them is written here, so that 300,000 rows are never in memory at once as trees of values. Every
 * field is always there and always of one type: what is not known is "" or 0 (null alone for an end
 * that was not seen, and the part of it that does not apply). Output is ASCII: what a terminal
 * would obey in a file name is spelt \\u009b.
 */
#include "export/json-local.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/saturate.h"
#include "export/columns.h"
#include "view/format/format.h"
#include "view/summary/summary.h"

json_t *mt_json_text(const char *raw) {
    char *utf8 = mt_format_utf8(raw);
    json_t *value = utf8 ? json_string(utf8) : NULL;
    free(utf8);
    return value;
}

json_t *mt_json_number(uint64_t value) {
    return json_integer(mt_saturate_signed(value));
}

/* Returns an object with a member for each key. */
static json_t *keys_object(const struct mt_profile *profile, const struct mt_scope_key *keys,
                           size_t n) {
    json_t *object = json_object();
    for (size_t i = 0; i < n && object; i++) {
        json_t *name = mt_json_text(mt_profile_text(profile, keys[i].key));
        int status =
            name ? json_object_set_new(object, json_string_value(name),
                                       mt_json_text(mt_profile_text(profile, keys[i].value)))
                 : -1;
        json_decref(name);
        if (status != 0) {
            json_decref(object);
            object = NULL;
        }
    }
    return object;
}

json_t *mt_json_process(const struct mt_profile *profile) {
    const struct mt_profile_info *info = &profile->info;
    char start[MT_FORMAT_BYTES];
    json_t *command = json_array();
    for (size_t i = 0; i < info->n_command; i++)
        json_array_append_new(command, mt_json_text(mt_profile_text(profile, info->command[i])));
    json_t *code =
        info->exit_known && !info->exit_signal ? json_integer(info->exit_code) : json_null();
    json_t *killed_by =
        info->exit_known && info->exit_signal ? json_integer(info->exit_signal) : json_null();
    json_t *process =
        json_pack("{s:I, s:o, s:o, s:s, s:o, s:{s:o, s:o}}", "pid", (json_int_t)info->pid, "exe",
                  mt_json_text(mt_profile_text(profile, info->exe)), "command", command,
                  "start_time", mt_format_rfc3339(start, info->start_time_ns), "duration_ns",
                  mt_json_number(info->duration_ns), "exit", "code", code, "signal", killed_by);
    if (process && info->n_metadata &&
        json_object_set_new(process, "metadata",
                            keys_object(profile, info->metadata, info->n_metadata)) != 0) {
        json_decref(process);
        return NULL;
    }
    return process;
}

json_t *mt_json_recording(const struct mt_profile *profile) {
    const struct mt_profile_info *info = &profile->info;
    return json_pack("{s:s, s:o, s:b}", "mode", info->sample_bytes ? "sampled" : "exact",
                     "sample_bytes", mt_json_number(info->sample_bytes), "approximate",
                     (int)info->approximate);
}

json_t *mt_json_totals(const struct mt_rows *rows) {
    const struct mt_profile_info *info = &mt_rows_profile(rows)->info;
    struct mt_totals totals;
    mt_rows_totals(rows, &totals);
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o}", "live_bytes",
                     (json_int_t)mt_rows_total(rows, MT_VALUE_LIVE_BYTES), "live_blocks",
                     (json_int_t)mt_rows_total(rows, MT_VALUE_LIVE_BLOCKS), "peak_bytes",
                     (json_int_t)mt_rows_total(rows, MT_VALUE_PEAK_BYTES), "peak_blocks",
                     (json_int_t)mt_rows_total(rows, MT_VALUE_PEAK_BLOCKS), "total_bytes",
                     (json_int_t)mt_rows_total(rows, MT_VALUE_TOTAL_BYTES), "total_blocks",
                     (json_int_t)mt_rows_total(rows, MT_VALUE_TOTAL_BLOCKS), "freed_bytes",
                     mt_json_number(totals.freed_bytes), "freed_blocks",
                     mt_json_number(totals.freed_blocks), "temporary_blocks",
                     mt_json_number(totals.temporary_blocks), "failed_allocations",
                     mt_json_number(totals.failed_allocations), "total_usable_bytes",
                     mt_json_number(info->usable_measured ? info->usable_bytes : 0));
}

json_t *mt_json_row_names(const struct mt_rows *rows, const struct mt_row *row) {
    const struct mt_profile *profile = mt_rows_profile(rows);
    char *key = mt_rows_key(rows, row);
    json_t *object =
        json_pack("{s:o, s:o, s:o, s:I, s:o}", "key", key ? mt_json_text(key) : NULL, "function",
                  mt_json_text(mt_profile_text(profile, row->function)), "file",
                  mt_json_text(mt_profile_text(profile, row->file)), "line", (json_int_t)row->line,
                  "module", mt_json_text(mt_profile_text(profile, row->module)));
    free(key);
    return object;
}

json_t *mt_json_notes(const struct mt_rows *rows) {
    struct mt_summary lines = {0};
    mt_summary_coverage_notes(rows, &lines);
    json_t *notes = lines.failed ? NULL : json_array();
    for (size_t i = 0; i < lines.n && notes; i++)
        json_array_append_new(notes, mt_json_text(lines.items[i].text));
    mt_summary_free(&lines);
    return notes;
}

static json_t *anonymous_object(const struct mt_anonymous *anonymous) {
    if (anonymous->bytes == 0)
        return json_null();
    return json_pack("{s:o, s:o, s:o, s:b}", "bytes", mt_json_number(anonymous->bytes),
                     "recorded_bytes", mt_json_number(anonymous->recorded_bytes), "time_ns",
                     anonymous->is_estimate ? json_null() : mt_json_number(anonymous->time_ns),
                     "is_estimate", (int)anonymous->is_estimate);
}

json_t *mt_json_coverage(const struct mt_rows *rows) {
    const struct mt_coverage *coverage = &mt_rows_profile(rows)->info.coverage;
    return json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o}", "unknown_frees", mt_json_number(coverage->unknown_frees),
        "dropped_events", mt_json_number(coverage->dropped_events), "lossy_blocks",
        mt_json_number(coverage->lossy_blocks), "truncated_stacks",
        mt_json_number(coverage->truncated_stacks), "anonymous",
        anonymous_object(&mt_rows_profile(rows)->info.anonymous), "notes", mt_json_notes(rows));
}

/* Returns the margins of a sampled recording, by the names of the columns. */
json_t *mt_json_margins(const struct mt_rows *rows, const struct mt_row *row) {
    json_t *margins = json_object();
    for (size_t i = 0; i < MT_N_VALUES; i++)
        if (margins && json_object_set_new(margins, mt_export_columns[i].name,
                                           json_integer(mt_rows_margin(
                                               rows, row, mt_export_columns[i].value))) != 0) {
            json_decref(margins);
            return NULL;
        }
    return margins;
}

static json_t *frame_object(const struct mt_profile *profile, const struct mt_row_frame *frame) {
    char address[24];
    snprintf(address, sizeof address, "0x%llx", (unsigned long long)frame->address);
    return json_pack("{s:o, s:o, s:I, s:o, s:s, s:b}", "function",
                     mt_json_text(mt_profile_text(profile, frame->function)), "file",
                     mt_json_text(mt_profile_text(profile, frame->file)), "line",
                     (json_int_t)frame->line, "module",
                     mt_json_text(mt_profile_text(profile, frame->module)), "address", address,
                     "inlined", (int)frame->is_inlined);
}

json_t *mt_json_kept_events(const struct mt_scopes *scopes) {
    return json_pack("{s:o, s:I, s:I}", "seen", mt_json_number(scopes->events_seen), "kept",
                     (json_int_t)scopes->n_events, "sample", (json_int_t)scopes->event_sample);
}

json_t *mt_json_metadata(const struct mt_profile *profile, const struct mt_scope_event *event) {
    return keys_object(profile, &profile->info.scopes.keys[event->first_key], event->n_keys);
}

/* ---- writing --------------------------------------------------------------------------------- */

int mt_json_out_of_memory(struct mt_error *error) {
    return mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory while writing JSON");
}

int mt_json_finish(FILE *stream, struct mt_error *error) {
    return ferror(stream) ? mt_error_set(error, MEMTRACK_EIO, "", "cannot write the JSON: %m") : 0;
}

/* Writes and releases an object of any size. */
static int put_object(FILE *stream, json_t *object, size_t flags, struct mt_error *error) {
    if (!object)
        return mt_json_out_of_memory(error);
    bool written = json_dumpf(object, stream, flags) == 0 && fputc('\n', stream) != EOF;
    json_decref(object);
    return written ? mt_json_finish(stream, error)
                   : mt_error_set(error, MEMTRACK_EIO, "", "cannot write the JSON: %m");
}

int mt_json_put_line(FILE *stream, json_t *object, struct mt_error *error) {
    return put_object(stream, object, MT_JSON_FLAGS, error);
}

int mt_json_put_tree(FILE *stream, json_t *object, struct mt_error *error) {
    return put_object(stream, object, JSON_INDENT(1) | JSON_ENSURE_ASCII, error);
}

static int put(FILE *stream, const struct mt_json_member *member, struct mt_error *error) {
    if (!member->value)
        return mt_json_out_of_memory(error);
    bool failed = fputs(member->before, stream) < 0 ||
                  json_dumpf(member->value, stream, MT_JSON_FLAGS | JSON_ENCODE_ANY) != 0;
    return failed ? mt_error_set(error, MEMTRACK_EIO, "", "cannot write the JSON: %m") : 0;
}

int mt_json_put_members(FILE *stream, const struct mt_json_member *members, size_t n,
                        struct mt_error *error) {
    int status = 0;
    for (size_t i = 0; i < n; i++) {
        if (status == 0)
            status = put(stream, &members[i], error);
        json_decref(members[i].value);
    }
    return status;
}

/* Returns the text of value, malloc'ed, and releases value. NULL: out of memory. */
static char *dump(json_t *value) {
    char *dumped = value ? json_dumps(value, MT_JSON_FLAGS) : NULL;
    json_decref(value);
    return dumped;
}

bool mt_json_put_open(FILE *stream, json_t *object) {
    char *dumped = dump(object);
    if (dumped)
        fwrite(dumped, 1, strlen(dumped) - 1, stream);
    free(dumped);
    return dumped != NULL;
}

bool mt_json_put_item(FILE *stream, size_t i, json_t *object) {
    fputs(i ? ",\n  " : "\n  ", stream);
    bool made = object && (json_dumpf(object, stream, MT_JSON_FLAGS) == 0 || ferror(stream));
    json_decref(object);
    return made;
}

bool mt_json_stacks_init(struct mt_json_stacks *stacks, FILE *stream, const struct mt_rows *rows) {
    *stacks = (struct mt_json_stacks){.stream = stream, .rows = rows};
    stacks->frame_text = calloc(mt_rows_n_frames(rows) + 1, sizeof *stacks->frame_text);
    return stacks->frame_text != NULL;
}

void mt_json_stacks_free(struct mt_json_stacks *stacks) {
    for (size_t i = 0; stacks->frame_text && i < mt_rows_n_frames(stacks->rows); i++)
        free(stacks->frame_text[i]);
    free(stacks->frame_text);
    free(stacks->path);
    *stacks = (struct mt_json_stacks){0};
}

bool mt_json_put_stack(struct mt_json_stacks *s, const struct mt_row *row) {
    bool truncated;
    size_t n = mt_rows_stack(s->rows, row, NULL, 0, &truncated);
    if (!mt_array_reserve(&s->path, &s->path_capacity, n, sizeof *s->path))
        return false;
    mt_rows_stack(s->rows, row, s->path, n, &truncated);
    fputs(",\"stack\":[", s->stream);
    for (size_t i = 0; i < n; i++) {
        char **frame = &s->frame_text[s->path[i].id];
        if (!*frame)
            *frame = dump(frame_object(mt_rows_profile(s->rows), &s->path[i]));
        if (!*frame)
            return false;
        fprintf(s->stream, "%s%s", i ? "," : "", *frame);
    }
    if (truncated)
        fprintf(s->stream,
                "%s{\"function\":\"[truncated]\",\"file\":\"\",\"line\":0,\"module\":\"\","
                "\"address\":\"0x0\","
                "\"inlined\":false}",
                n ? "," : "");
    fputc(']', s->stream);
    uint32_t missing = truncated ? mt_rows_missing(s->rows, row) : 0;
    if (missing)
        fprintf(s->stream, ",\"total_frames\":%zu,\"total_frames_at_least\":%s", n + missing,
                missing < MT_PROFILE_MISSING_ROUNDED ? "false" : "true");
    return true;
}

const char *mt_json_mark_kind(uint32_t kind) {
    return kind == MT_MARK_TRIGGER ? "trigger" : kind == MT_MARK_OUTSIDE ? "outside" : "program";
}
