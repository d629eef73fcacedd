/* SPDX-License-Identifier: MIT */
/*
 * DHAT's file, version 2, for its viewer (dh_view.html of valgrind) and what imports it. Of the
 * formats of others it holds most: of each call path what was allocated, its own maximum, what was
 * live at the global maximum and at the end, and for how long its blocks lived.
 *
 * Lifetimes come from the time axis: the live blocks of a path, added up over time, are the
 * lifetimes of its blocks added up. Blocks that live from one tick to the next at most are not in
 * it. The blocks at a path's own maximum are not recorded: they are its bytes there by the mean size
 * of its blocks. Reads and writes are not known, so "bkacc" is false.
 *
 * The viewer refuses two paths of the same frames, so frames are as the report tells them apart.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "export/changes.h"
#include "export/export-local.h"
#include "export/frame_table.h"
#include "export/frame_text.h"
#include "export/json-local.h"
#include "export/title.h"

enum { NS_PER_US = 1000, SHORT_LIVED_US = 500 };

struct writer {
    FILE *stream;
    const struct mt_export_profile *what;
    struct mt_stacks stacks;
    struct mt_frame_table frames;
    double *lifetime_ns; /* of each row */
};

/* ---- time ------------------------------------------------------------------------------------ */

/* When what is exported as live was live. */
static uint64_t end_ns(const struct mt_rows *rows) {
    const struct mt_profile_info *info = &mt_rows_profile(rows)->info;
    const struct mt_at *at = &mt_rows_options(rows)->at;
    if (at->kind == MT_AT_TIME)
        return at->time_ns;
    return at->kind == MT_AT_PEAK && info->peak_time_known ? info->peak_time_ns : info->duration_ns;
}

struct lived { /* of a sample: how many blocks since when */
    uint64_t since_ns;
    int64_t blocks;
};

static void live_until(struct writer *w, size_t sample, struct lived *lived, uint64_t time_ns) {
    size_t n;
    uint32_t row = mt_rows_of_samples(w->what->rows, &n)[sample];
    if (row != UINT32_MAX && time_ns > lived->since_ns)
        w->lifetime_ns[row] += (double)lived->blocks * (double)(time_ns - lived->since_ns);
    lived->since_ns = time_ns;
}

static bool add_lifetimes(struct writer *w) {
    const struct mt_profile *profile = mt_rows_profile(w->what->rows);
    uint64_t end = end_ns(w->what->rows);
    struct lived *lived = calloc(profile->n_samples + 1, sizeof *lived);
    struct mt_change *changes = NULL;
    size_t n;
    w->lifetime_ns = calloc(mt_rows_count(w->what->rows) + 1, sizeof *w->lifetime_ns);
    bool done = lived && w->lifetime_ns && mt_changes_sort(profile, &changes, &n);
    for (size_t i = 0; done && i < n && changes[i].time_ns <= end; i++) {
        uint32_t sample = changes[i].change->sample;
        live_until(w, sample, &lived[sample], changes[i].time_ns);
        lived[sample].blocks = changes[i].change->live_blocks;
    }
    for (size_t i = 0; done && i < profile->n_samples; i++)
        live_until(w, i, &lived[i], end);
    free(changes);
    free(lived);
    return done;
}

/* ---- call paths ------------------------------------------------------------------------------ */

/* Returns how many blocks there were at a path's own maximum, by the mean size of its blocks. */
static int64_t blocks_at_max(const struct mt_row *row) {
    int64_t max = row->value[MT_VALUE_MAX_BYTES], bytes = row->value[MT_VALUE_TOTAL_BYTES];
    if (max <= 0 || bytes <= 0)
        return 0;
    double blocks = (double)max / (double)bytes * (double)row->value[MT_VALUE_TOTAL_BLOCKS];
    return blocks < 1                                           ? 1
           : blocks > (double)row->value[MT_VALUE_TOTAL_BLOCKS] ? row->value[MT_VALUE_TOTAL_BLOCKS]
                                                                : (int64_t)(blocks + 0.5);
}

static bool put_frames_of(struct writer *w, const struct mt_row *row) {
    bool done = mt_stacks_read(&w->stacks, row);
    for (size_t i = 0; done && i < w->stacks.n; i++) {
        int64_t index = mt_frame_table_index(&w->frames, &w->stacks.frames[i]);
        done = index >= 0;
        fprintf(w->stream, "%s%" PRId64, i ? "," : "", index + 1); /* 0 is the root */
    }
    return done;
}

static bool put_point(struct writer *w, size_t i) {
    const struct mt_row *row = mt_rows_at(w->what->rows, i);
    const int64_t *value = row->value;
    fprintf(w->stream,
            "%s\n  {\"tb\":%" PRId64 ",\"tbk\":%" PRId64 ",\"tl\":%.0f,\"mb\":%" PRId64
            ",\"mbk\":%" PRId64 ",\"gb\":%" PRId64 ",\"gbk\":%" PRId64 ",\"eb\":%" PRId64
            ",\"ebk\":%" PRId64 ",\"fs\":[",
            i ? "," : "", value[MT_VALUE_TOTAL_BYTES], value[MT_VALUE_TOTAL_BLOCKS],
            w->lifetime_ns[i] / NS_PER_US, value[MT_VALUE_MAX_BYTES], blocks_at_max(row),
            value[MT_VALUE_PEAK_BYTES], value[MT_VALUE_PEAK_BLOCKS], value[MT_VALUE_LIVE_BYTES],
            value[MT_VALUE_LIVE_BLOCKS]);
    bool done = put_frames_of(w, row);
    fputs("]}", w->stream);
    return done;
}

static bool put_points(struct writer *w) {
    size_t n = mt_export_profile_rows(w->what);
    bool done = true;
    fputs(",\n \"pps\":[", w->stream);
    for (size_t i = 0; i < n && done; i++)
        done = put_point(w, i);
    fputs("],\n \"ftbl\":[\n  \"[root]\"", w->stream);
    return done;
}

static bool put_table(struct writer *w) {
    bool done = true;
    for (size_t i = 0; i < w->frames.n && done; i++) {
        char *text = mt_frame_text_make(&w->stacks, &w->frames.frames[i]);
        json_t *json = text ? mt_json_text(text) : NULL;
        fputs(",\n  ", w->stream);
        done = json && json_dumpf(json, w->stream, MT_JSON_FLAGS | JSON_ENCODE_ANY) == 0;
        json_decref(json);
        free(text);
    }
    fputs("]}\n", w->stream);
    return done;
}

/* ---- the file -------------------------------------------------------------------------------- */

static int put_head(struct writer *w, struct mt_error *error) {
    const struct mt_profile *profile = mt_rows_profile(w->what->rows);
    char *command = mt_title_command(profile);
    uint64_t peak_ns = profile->info.peak_time_known ? profile->info.peak_time_ns : 0;
    const struct mt_json_member members[] = {
        {"{\"dhatFileVersion\":", json_integer(2)},
        {",\"mode\":", json_string("memtrack")},
        {",\"verb\":", json_string("Allocated")},
        {",\n \"bklt\":", json_true()},
        {",\"bkacc\":", json_false()},
        {",\"tu\":", json_string("\u00b5s")},
        {",\"Mtu\":", json_string("s")},
        {",\"tuth\":", json_integer(SHORT_LIVED_US)},
        {",\n \"cmd\":", command ? mt_json_text(command) : NULL},
        {",\"pid\":", json_integer(profile->info.pid)},
        {",\"te\":", mt_json_number(end_ns(w->what->rows) / NS_PER_US)},
        {",\"tg\":", mt_json_number(peak_ns / NS_PER_US)},
    };
    free(command);
    return mt_json_put_members(w->stream, members, sizeof members / sizeof *members, error);
}

int mt_dhat_profile(FILE *stream, const struct mt_export *thing, struct mt_error *error) {
    struct writer w = {.stream = stream, .what = &thing->profile};
    mt_stacks_init(&w.stacks, thing->profile.rows);
    bool done = mt_frame_table_init(&w.frames, &w.stacks, MT_FRAME_EXACT) && add_lifetimes(&w);
    int rc = done ? put_head(&w, error) : mt_export_out_of_memory(error);
    if (rc == 0)
        rc = mt_export_finish(stream, put_points(&w) && put_table(&w), error);
    mt_frame_table_free(&w.frames);
    mt_stacks_free(&w.stacks);
    free(w.lifetime_ns);
    return rc;
}
