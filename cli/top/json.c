/* SPDX-License-Identifier: MIT */
/* A table of `memtrack top` as one line of JSON, "memtrack-top/1". Every column of the rows adds up
 * to its total. */
#include <jansson.h>
#include <stdlib.h>

#include "base/clock.h"
#include "top/top.h"
#include "view/format/format.h"

static const struct {
    const char *name;
    size_t value; /* of struct mt_top_line */
} fields[] = {
    {"live_bytes", MT_TOP_LIVE},        {"live_blocks", MT_TOP_BLOCKS},
    {"total_bytes", MT_TOP_TOTAL},      {"total_blocks", MT_TOP_TOTAL_BLOCKS},
    {"diff_live_bytes", MT_TOP_CHANGE}, {"diff_live_blocks", MT_TOP_CHANGE_BLOCKS},
    {"bytes_per_second", MT_TOP_RATE},  {"blocks_per_second", MT_TOP_ALLOCATIONS},
};
enum { MAX_STACK = 256 };

static json_t *text(const char *raw) {
    char *utf8 = raw ? mt_format_utf8(raw) : NULL;
    json_t *value = utf8 ? json_string(utf8) : NULL;
    free(utf8);
    return value;
}

static json_t *number(uint64_t value) {
    return json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value);
}

/* Rates that have not been taken yet are null. */
static void set_values(const struct mt_top *top, json_t *object, const struct mt_top_line *line) {
    bool has_rates = mt_top_model_has_rates(top->model);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        bool is_rate = fields[i].value == MT_TOP_RATE || fields[i].value == MT_TOP_ALLOCATIONS;
        json_object_set_new(object, fields[i].name,
                            is_rate && !has_rates ? json_null()
                                                  : json_integer(line->value[fields[i].value]));
    }
}

static json_t *stack_array(const struct mt_profile *profile, const struct mt_rows *rows,
                           const struct mt_row *row) {
    struct mt_row_frame frames[MAX_STACK];
    bool truncated;
    size_t n = mt_rows_stack(rows, row, frames, MAX_STACK, &truncated);
    json_t *stack = json_array();
    for (size_t i = 0; i < n && i < MAX_STACK; i++)
        json_array_append_new(stack,
                              json_pack("{s:o, s:o, s:I, s:o}", "function",
                                        text(mt_profile_text(profile, frames[i].function)), "file",
                                        text(mt_profile_text(profile, frames[i].file)), "line",
                                        (json_int_t)frames[i].line, "module",
                                        text(mt_profile_text(profile, frames[i].module))));
    return stack;
}

static json_t *row_object(const struct mt_top *top, const struct mt_top_line *line) {
    const struct mt_profile *profile = mt_top_model_profile(top->model);
    const struct mt_rows *rows = mt_top_model_rows(top->model);
    const struct mt_row *row = mt_rows_at(rows, line->row);
    char *key = mt_rows_key(rows, row);
    json_t *object =
        json_pack("{s:o, s:o, s:o, s:I, s:o}", "key", text(key), "function",
                  text(mt_profile_text(profile, row->function)), "file",
                  text(mt_profile_text(profile, row->file)), "line", (json_int_t)row->line,
                  "module", text(mt_profile_text(profile, row->module)));
    free(key);
    if (!object)
        return NULL;
    set_values(top, object, line);
    if (mt_top_model_by(top->model) == MT_BY_STACK)
        json_object_set_new(object, "stack", stack_array(profile, rows, row));
    return object;
}

static json_t *process_object(const struct mt_top *top) {
    const struct mt_profile *profile = mt_top_model_profile(top->model);
    json_t *command = json_array();
    for (size_t i = 0; i < profile->info.n_command; i++)
        json_array_append_new(command, text(mt_profile_text(profile, profile->info.command[i])));
    return json_pack("{s:I, s:o, s:o, s:s}", "pid", (json_int_t)profile->info.pid, "exe",
                     text(mt_profile_text(profile, profile->info.exe)), "command", command, "state",
                     mt_top_target_state_name(top->target.state));
}

static json_t *totals_object(const struct mt_top *top) {
    const struct mt_ledger_totals *t = mt_top_model_totals(top->model);
    const struct mt_axis *axis = mt_top_model_axis(top->model);
    json_t *object = json_object();
    if (!object)
        return NULL;
    set_values(top, object, mt_top_model_all(top->model));
    json_object_set_new(object, "peak_bytes", json_integer(t->peak_bytes > 0 ? t->peak_bytes : 0));
    json_object_set_new(object, "rss_bytes",
                        number(axis->n ? axis->ticks[axis->n - 1].rss_bytes : 0));
    json_object_set_new(object, "failed_allocations", number(t->failed));
    return object;
}

static json_t *table_object(const struct mt_top *top, uint64_t now_ns) {
    const struct mt_ledger_totals *t = mt_top_model_totals(top->model);
    const struct mt_top_options *options = mt_top_model_options(top->model);
    const struct mt_ledger_info *info = mt_ledger_info(mt_top_model_ledger(top->model));
    size_t n = mt_top_model_count(top->model);
    char time[MT_FORMAT_BYTES];
    json_t *rows = json_array();
    for (size_t i = 0; i < n && (top->n == 0 || i < top->n); i++)
        json_array_append_new(rows, row_object(top, mt_top_model_line(top->model, i)));
    return json_pack(
        "{s:s, s:s, s:o, s:o, s:o, s:{s:s, s:o, s:b}, s:{s:o, s:o, s:o}, s:o, s:s, s:s, s:o}",
        "schema", "memtrack-top/1", "time", mt_format_rfc3339(time, mt_clock_ns(CLOCK_REALTIME)),
        "uptime_ns", number(mt_top_model_time_ns(top->model, now_ns)), "window_ns",
        number(mt_top_model_window_ns(top->model)), "process", process_object(top), "recording",
        "mode", info->sample_bytes ? "sampled" : "exact", "sample_bytes",
        number(info->sample_bytes), "off", (int)info->control.request.off, "coverage",
        "unknown_frees", number(t->unknown_frees), "dropped_events",
        number(t->dropped + t->interrupted), "lossy_blocks", number(t->lossy_blocks), "totals",
        totals_object(top), "group_by", mt_group_by_name(mt_top_model_by(top->model)), "sort",
        mt_top_column_name(options->sort), "rows", rows);
}

int mt_top_json(const struct mt_top *top, uint64_t now_ns, FILE *stream, struct mt_error *error) {
    json_t *object = table_object(top, now_ns);
    if (!object)
        return mt_error_set(error, MEMTRACK_ENOMEM, "", "out of memory while writing JSON");
    json_dumpf(object, stream, JSON_ENSURE_ASCII | JSON_COMPACT);
    fputc('\n', stream); /* what could not be written is found out when the output is finished */
    json_decref(object);
    return 0;
}
