/* SPDX-License-Identifier: MIT */
/*
 * jansson builds each member and each row; the object around them is written here, so that 300,000 rows are never in
 * memory at once as trees of values. A frame occurs on thousands of paths: its text is made once. Every field is always there and always of one type: what is not known, or not
 * determined by the grouping, is "" or 0 (null alone for an end that was not seen, and the part of it that does not
 * apply). Output is ASCII: what a terminal would obey in a file name is spelt \\u009b.
 */
#include "export/json.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "view/format.h"
#include "view/summary.h"

static const struct {
    const char *name;
    enum mt_value value;
} columns[] = {
    {"live_bytes", MT_VALUE_LIVE_BYTES},
    {"live_blocks", MT_VALUE_LIVE_BLOCKS},
    {"peak_bytes", MT_VALUE_PEAK_BYTES},
    {"peak_blocks", MT_VALUE_PEAK_BLOCKS},
    {"total_bytes", MT_VALUE_TOTAL_BYTES},
    {"total_blocks", MT_VALUE_TOTAL_BLOCKS},
    {"temporary_blocks", MT_VALUE_TEMPORARY_BLOCKS},
    {"max_bytes", MT_VALUE_MAX_BYTES},
    {"waste_bytes", MT_VALUE_WASTE_BYTES},
};

static json_t *text(const char *raw) {
    char *utf8 = mt_format_utf8(raw);
    json_t *value = utf8 ? json_string(utf8) : NULL;
    free(utf8);
    return value;
}

static json_t *number(uint64_t value) {
    return json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value);
}

static json_t *process_object(const struct mt_profile *profile) {
    const struct mt_profile_info *info = &profile->info;
    char start[MT_FORMAT_BYTES];
    json_t *command = json_array();
    for (size_t i = 0; i < info->n_command; i++)
        json_array_append_new(command, text(mt_profile_text(profile, info->command[i])));
    json_t *code = info->exit_known && !info->exit_signal ? json_integer(info->exit_code) : json_null();
    json_t *killed_by = info->exit_known && info->exit_signal ? json_integer(info->exit_signal) : json_null();
    return json_pack("{s:I, s:o, s:o, s:s, s:o, s:{s:o, s:o}}", "pid", (json_int_t)info->pid, "exe",
                     text(mt_profile_text(profile, info->exe)), "command", command, "start_time",
                     mt_format_rfc3339(start, info->start_time_ns), "duration_ns", number(info->duration_ns), "exit",
                     "code", code, "signal", killed_by);
}

static json_t *recording_object(const struct mt_profile *profile) {
    const struct mt_profile_info *info = &profile->info;
    return json_pack("{s:s, s:o, s:b}", "mode", info->sample_bytes ? "sampled" : "exact", "sample_bytes",
                     number(info->sample_bytes), "approximate", (int)info->approximate);
}

static json_t *totals_object(const struct mt_rows *rows) {
    const struct mt_profile_info *info = &mt_rows_profile(rows)->info;
    struct mt_totals totals;
    mt_rows_totals(rows, &totals);
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "live_bytes", number(totals.live_bytes),
                     "live_blocks", number(totals.live_blocks), "peak_bytes", number(totals.peak_bytes), "peak_blocks",
                     number(totals.peak_blocks), "total_bytes", number(totals.total_bytes), "total_blocks",
                     number(totals.total_blocks), "freed_bytes", number(totals.freed_bytes), "freed_blocks",
                     number(totals.freed_blocks), "temporary_blocks", number(totals.temporary_blocks),
                     "failed_allocations", number(totals.failed_allocations), "total_usable_bytes",
                     number(info->usable_measured ? info->usable_bytes : 0));
}

static json_t *coverage_object(const struct mt_rows *rows) {
    const struct mt_coverage *coverage = &mt_rows_profile(rows)->info.coverage;
    struct mt_facts facts = {0};
    mt_summary_notes(rows, &facts);
    json_t *notes = facts.failed ? NULL : json_array();
    for (size_t i = 0; i < facts.n && notes; i++)
        json_array_append_new(notes, text(facts.items[i].text));
    mt_facts_free(&facts);
    return json_pack("{s:o, s:o, s:o, s:o, s:o}", "unknown_frees", number(coverage->unknown_frees), "dropped_events",
                     number(coverage->dropped_events), "lossy_blocks", number(coverage->lossy_blocks),
                     "truncated_stacks", number(coverage->truncated_stacks), "notes", notes);
}

static json_t *frame_object(const struct mt_profile *profile, const struct mt_frame *frame) {
    char address[24];
    snprintf(address, sizeof address, "0x%llx", (unsigned long long)frame->address);
    return json_pack("{s:o, s:o, s:I, s:o, s:s, s:b}", "function", text(mt_profile_text(profile, frame->function)),
                     "file", text(mt_profile_text(profile, frame->file)), "line", (json_int_t)frame->line, "module",
                     text(mt_profile_text(profile, frame->module)), "address", address, "inlined",
                     (int)frame->is_inlined);
}

static json_t *row_object(const struct mt_rows *rows, const struct mt_row *row) {
    const struct mt_profile *profile = mt_rows_profile(rows);
    char *key = mt_rows_key(rows, row);
    json_t *object =
        json_pack("{s:o, s:o, s:o, s:I, s:o}", "key", key ? text(key) : NULL, "function",
                  text(mt_profile_text(profile, row->function)), "file", text(mt_profile_text(profile, row->file)),
                  "line", (json_int_t)row->line, "module", text(mt_profile_text(profile, row->module)));
    free(key);
    int status = object ? 0 : -1;
    for (size_t i = 0; i < sizeof columns / sizeof *columns && status == 0; i++)
        status = json_object_set_new(object, columns[i].name, json_integer(row->value[columns[i].value]));
    if (status == 0)
        return object;
    json_decref(object);
    return NULL;
}

/* ---- writing --------------------------------------------------------------------------------------------------- */

enum { FLAGS = JSON_COMPACT | JSON_ENSURE_ASCII };

struct writer {
    FILE *stream;
    const struct mt_rows *rows;
    char **frame_text; /* of each frame, once it has been made */
    struct mt_frame *path;
    size_t path_capacity;
};

/* Writes and releases value; NULL: it could not be made. */
static int put(FILE *stream, const char *before, json_t *value, struct mt_error *error) {
    if (!value)
        return mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory while writing JSON");
    int status = fputs(before, stream) < 0 || json_dumpf(value, stream, FLAGS | JSON_ENCODE_ANY) != 0
                     ? mt_error_set(error, MEMTRACK_EIO, "", "cannot write the JSON: %m")
                     : 0;
    json_decref(value);
    return status;
}

/* The text of value, malloc'ed, which is released. NULL: out of memory. */
static char *dump(json_t *value) {
    char *dumped = value ? json_dumps(value, FLAGS) : NULL;
    json_decref(value);
    return dumped;
}

static bool put_stack(struct writer *w, const struct mt_row *row) {
    bool truncated;
    size_t n = mt_rows_stack(w->rows, row, NULL, 0, &truncated);
    if (n > w->path_capacity) {
        struct mt_frame *path = realloc(w->path, n * 2 * sizeof *path);
        if (!path)
            return false;
        w->path = path;
        w->path_capacity = n * 2;
    }
    mt_rows_stack(w->rows, row, w->path, n, &truncated);
    fputs(",\"stack\":[", w->stream);
    for (size_t i = 0; i < n; i++) {
        char **frame = &w->frame_text[w->path[i].id];
        if (!*frame)
            *frame = dump(frame_object(mt_rows_profile(w->rows), &w->path[i]));
        if (!*frame)
            return false;
        fprintf(w->stream, "%s%s", i ? "," : "", *frame);
    }
    if (truncated)
        fprintf(w->stream,
                "%s{\"function\":\"[truncated]\",\"file\":\"\",\"line\":0,\"module\":\"\",\"address\":\"0x0\","
                "\"inlined\":false}",
                n ? "," : "");
    fputc(']', w->stream);
    return true;
}

static bool put_row(struct writer *w, const struct mt_row *row) {
    char *object = dump(row_object(w->rows, row));
    if (!object)
        return false;
    fwrite(object, 1, strlen(object) - 1, w->stream); /* its brace closes behind the stack */
    free(object);
    bool done = mt_rows_options(w->rows)->by != MT_BY_STACK || put_stack(w, row);
    fputc('}', w->stream);
    return done;
}

static int put_rows(FILE *stream, const struct mt_rows *rows, size_t n, struct mt_error *error) {
    size_t count = mt_rows_count(rows), last = n && n < count ? n : count, n_frames = mt_rows_n_frames(rows);
    struct writer w = {.stream = stream, .rows = rows, .frame_text = calloc(n_frames + 1, sizeof *w.frame_text)};
    bool done = w.frame_text != NULL;
    fputs(",\n \"rows\":[", stream);
    for (size_t i = 0; i < last && done; i++) {
        fputs(i ? ",\n  " : "\n  ", stream);
        done = put_row(&w, mt_rows_at(rows, i));
    }
    fputs("]}\n", stream);
    for (size_t i = 0; i < n_frames && w.frame_text; i++)
        free(w.frame_text[i]);
    free(w.frame_text);
    free(w.path);
    if (!done)
        return mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory while writing JSON");
    return ferror(stream) ? mt_error_set(error, MEMTRACK_EIO, "", "cannot write the JSON: %m") : 0;
}

int mt_export_json(FILE *stream, const struct mt_rows *rows, size_t n, struct mt_error *error) {
    const struct mt_profile *profile = mt_rows_profile(rows);
    const struct mt_view_options *options = mt_rows_options(rows);
    struct {
        const char *before;
        json_t *value;
    } members[] = {
        {"{\"schema\":", json_string("memtrack-report/1")},
        {",\n \"process\":", process_object(profile)},
        {",\n \"recording\":", recording_object(profile)},
        {",\n \"totals\":", totals_object(rows)},
        {",\n \"coverage\":", coverage_object(rows)},
        {",\n \"self\":", json_pack("{s:o}", "ledger_bytes", number(profile->info.ledger_bytes))},
        {",\n \"group_by\":", json_string(mt_group_by_name(options->by))},
        {",\n \"sort\":", json_string(mt_sort_name(options->sort))},
    };
    int status = 0;
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        if (status == 0)
            status = put(stream, members[i].before, members[i].value, error);
        else
            json_decref(members[i].value);
    }
    return status ? status : put_rows(stream, rows, n, error);
}
