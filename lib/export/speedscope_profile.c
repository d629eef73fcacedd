/* SPDX-License-Identifier: MIT */
/*
 * speedscope's file format (https://www.speedscope.app/file-format-schema.json): one file with a
 * profile for each column, so that the peak, what is live and what was allocated are a choice in
 * its title bar. Paths are lists of numbers of frames, the outermost first; a weight is never
 * negative, so what a difference lost is a profile of its own, "NAME, less", with its magnitude.
 *
 *   {"profiles": [{… "samples": [[0,1,2],…], "weights": [4096,…]}, …], "shared": {"frames": […]}}
 *
 * The frames come last, when it is known which there are.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "export/export-local.h"
#include "export/frame_table.h"
#include "export/json-local.h"
#include "export/title.h"
#include "view/rows/sort.h"

#define SCHEMA "https://www.speedscope.app/file-format-schema.json"

static const enum mt_value usual[] = {MT_VALUE_PEAK_BYTES, MT_VALUE_LIVE_BYTES,
                                      MT_VALUE_TOTAL_BYTES, MT_VALUE_TOTAL_BLOCKS};
enum { N_USUAL = sizeof usual / sizeof *usual };

struct writer {
    FILE *stream;
    const struct mt_rows *rows;
    size_t n_rows;
    enum mt_value column; /* that the file opens with */
    struct mt_stacks stacks;
    struct mt_frame_table frames;
    size_t n_profiles, active;
};

/* What a row weighs in the profile of a column: of its gains, or of its losses. */
static int64_t weight_of(const struct mt_row *row, enum mt_value column, bool losses) {
    int64_t value = row->value[column];
    if ((value < 0) != losses)
        return 0;
    return value < 0 ? value == INT64_MIN ? INT64_MAX : -value : value;
}

static bool put_stack(struct writer *w, const struct mt_row *row) {
    if (!mt_stacks_read(&w->stacks, row))
        return false;
    putc('[', w->stream);
    for (size_t i = w->stacks.n; i-- > 0;) {
        int64_t index = mt_frame_table_index(&w->frames, &w->stacks.frames[i]);
        if (index < 0)
            return false;
        fprintf(w->stream, "%" PRId64 "%s", index, i ? "," : "]");
    }
    return true;
}

static bool put_samples(struct writer *w, enum mt_value column, bool losses) {
    bool done = true, is_first = true;
    fputs("\n  \"samples\":[", w->stream);
    for (size_t i = 0; i < w->n_rows && done; i++) {
        const struct mt_row *row = mt_rows_at(w->rows, i);
        if (!weight_of(row, column, losses))
            continue;
        fputs(is_first ? "\n   " : ",\n   ", w->stream);
        done = put_stack(w, row);
        is_first = false;
    }
    fputs("],", w->stream);
    return done;
}

static void put_weights(struct writer *w, enum mt_value column, bool losses) {
    bool is_first = true;
    fputs("\n  \"weights\":[", w->stream);
    for (size_t i = 0; i < w->n_rows; i++) {
        int64_t weight = weight_of(mt_rows_at(w->rows, i), column, losses);
        if (weight)
            fprintf(w->stream, "%s%" PRId64, is_first ? "" : ",", weight);
        is_first &= !weight;
    }
    putc(']', w->stream);
}

static int64_t sum_of(const struct writer *w, enum mt_value column, bool losses) {
    int64_t sum = 0;
    for (size_t i = 0; i < w->n_rows; i++)
        if (__builtin_add_overflow(sum, weight_of(mt_rows_at(w->rows, i), column, losses), &sum))
            return INT64_MAX;
    return sum;
}

static bool put_profile(struct writer *w, enum mt_value column, bool losses) {
    bool is_bytes = mt_sort_is_bytes(column);
    const char *name = mt_sort_name(column), *unit = is_bytes ? " bytes" : "";
    if (column == MT_VALUE_TOTAL_BLOCKS)
        name = "total blocks";
    fprintf(w->stream,
            "%s\n {\"type\":\"sampled\",\"name\":\"%s%s%s\",\"unit\":\"%s\","
            "\"startValue\":0,\"endValue\":%" PRId64 ",",
            w->n_profiles ? "," : "", name, unit, losses ? ", less" : "",
            is_bytes ? "bytes" : "none", sum_of(w, column, losses));
    w->n_profiles++;
    bool done = put_samples(w, column, losses);
    put_weights(w, column, losses);
    putc('}', w->stream);
    return done;
}

static bool put_column(struct writer *w, enum mt_value column) {
    if (column == w->column)
        w->active = w->n_profiles;
    return put_profile(w, column, false) &&
           (sum_of(w, column, true) == 0 || put_profile(w, column, true));
}

static bool put_profiles(struct writer *w) {
    bool done = true, is_usual = false;
    fputs("\"profiles\":[", w->stream);
    for (size_t i = 0; i < N_USUAL; i++)
        is_usual |= usual[i] == w->column;
    if (!is_usual)
        done = put_column(w, w->column);
    for (size_t i = 0; i < N_USUAL && done; i++)
        if (mt_rows_has(w->rows, usual[i]))
            done = put_column(w, usual[i]);
    if (done && w->n_profiles == 0)
        done = put_column(w, w->column);
    fputs("],\n", w->stream);
    return done;
}

static json_t *frame_object(const struct writer *w, const struct mt_row_frame *frame) {
    const struct mt_profile *profile = mt_rows_profile(w->rows);
    char *name = mt_stacks_function(&w->stacks, frame);
    json_t *object = name ? json_pack("{s:o}", "name", mt_json_text(name)) : NULL;
    int status = object ? 0 : -1;
    free(name);
    if (status == 0 && frame->file)
        status = json_object_set_new(object, "file",
                                     mt_json_text(mt_profile_text(profile, frame->file)));
    if (status == 0 && frame->file && frame->line > 0)
        status = json_object_set_new(object, "line", json_integer(frame->line));
    if (status == 0)
        return object;
    json_decref(object);
    return NULL;
}

static bool put_frames(struct writer *w) {
    bool done = true;
    fputs("\"shared\":{\"frames\":[", w->stream);
    for (size_t i = 0; i < w->frames.n && done; i++)
        done = mt_json_put_item(w->stream, i, frame_object(w, &w->frames.frames[i]));
    fputs("]},\n", w->stream);
    return done;
}

static bool put_end(struct writer *w) {
    char *command = mt_title_command(mt_rows_profile(w->rows));
    json_t *name = command ? mt_json_text(command) : NULL;
    char *text = name ? json_dumps(name, MT_JSON_FLAGS | JSON_ENCODE_ANY) : NULL;
    if (text)
        fprintf(w->stream, "\"name\":%s,\"activeProfileIndex\":%zu,\"exporter\":\"memtrack %s\"}\n",
                text, w->active, MEMTRACK_VERSION);
    json_decref(name);
    free(command);
    free(text);
    return text != NULL;
}

int mt_speedscope_profile(FILE *stream, const struct mt_export *thing, struct mt_error *error) {
    const struct mt_rows *rows = thing->profile.rows;
    struct writer w = {.stream = stream,
                       .rows = rows,
                       .column = mt_export_profile_column(&thing->profile),
                       .n_rows = mt_export_profile_rows(&thing->profile)};
    mt_stacks_init(&w.stacks, rows);
    bool done = mt_frame_table_init(&w.frames, &w.stacks, MT_FRAME_LINE);
    fputs("{\"$schema\":\"" SCHEMA "\",\n", stream);
    done = done && put_profiles(&w) && put_frames(&w) && put_end(&w);
    mt_frame_table_free(&w.frames);
    mt_stacks_free(&w.stacks);
    return mt_export_finish(stream, done, error);
}
