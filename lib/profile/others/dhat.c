/* SPDX-License-Identifier: MIT */
/*
 * DHAT's files, version 2 (since valgrind 3.15): one JSON object.
 *
 *   {"dhatFileVersion":2,"mode":"heap","verb":"Allocated","bklt":true,"bkacc":true,
 *    "tu":"instrs","Mtu":"Minstr","tuth":500,"cmd":"./a","pid":1,"te":150048,"tg":145192,
 *    "pps":[{"tb":1000,"tbk":1, …,"gb":1000,"gbk":1,"eb":1000,"ebk":1, …,"fs":[1,2]}],
 *    "ftbl":["[root]","0x10915C: inl (a.c:3)", …]}
 *
 *   tb tbk   allocated in all                  total
 *   gb gbk   when the heap was largest (t-gmax) peak
 *   eb ebk   at the end (t-end)                live
 *   mb       the largest of a path by itself   max; DHAT forgets what came after t-gmax, so it is
 *                                              at least the two above
 *
 * What is read of blocks and of accesses (tl, rb, wb, acc) has no place in a profile. fs are indexes
 * of ftbl, which comes behind: until then a frame is its index, and there are as many of them as
 * that. DHAT's --mode=copy counts bytes that were copied, and ad-hoc modes count events: such files
 * are no heap profiles. The dhat crate has clocks where valgrind has instructions.
 */
#include "profile/others/dhat.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "profile/others/builder.h"
#include "profile/others/json.h"

enum { VERSION = 2, MODE_BYTES = 32 };

struct reader {
    struct mt_builder b;
    struct mt_others_json json;
    char mode[MODE_BYTES], unit[MODE_BYTES]; /* of blocks and of time */
    int64_t version, end, peak;              /* -1: not said */
    bool has_lifetimes, has_points;
    uint32_t *locations; /* of the frames in ftbl */
    size_t n_locations, location_capacity;
};

static const struct {
    char key[4];
    enum mt_value value;
} figures[] = {
    {"tb", MT_VALUE_TOTAL_BYTES},  {"tbk", MT_VALUE_TOTAL_BLOCKS}, {"gb", MT_VALUE_PEAK_BYTES},
    {"gbk", MT_VALUE_PEAK_BLOCKS}, {"eb", MT_VALUE_LIVE_BYTES},    {"ebk", MT_VALUE_LIVE_BLOCKS},
    {"mb", MT_VALUE_MAX_BYTES},
};

/* ---- program points -------------------------------------------------------------------------- */

/* Reads "fs" as it is: frames are indexes of a table that comes later. */
static int take_frames(struct reader *r) {
    int status = mt_others_json_open(&r->json, '[');
    r->b.n_frames = 0;
    while (status == 0 && (status = mt_others_json_more(&r->json, ']')) > 0) {
        int64_t index;
        status = mt_others_json_integer(&r->json, &index);
        if (status == 0 && (index < 0 || index >= UINT32_MAX - 1))
            return mt_others_json_damaged(&r->json, "such frame");
        if (status == 0)
            status = mt_builder_push(&r->b, index);
    }
    return status;
}

static int take_figure(struct reader *r, int64_t value[MT_N_VALUES]) {
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
        if (strcmp(r->json.text, figures[i].key) == 0) {
            r->b.profile->has_value[figures[i].value] = true;
            return mt_others_json_integer(&r->json, &value[figures[i].value]);
        }
    return mt_others_json_skip(&r->json);
}

static int64_t larger(int64_t a, int64_t b) {
    return a > b ? a : b;
}

static int take_point(struct reader *r) {
    int64_t value[MT_N_VALUES] = {0};
    int status = mt_others_json_open(&r->json, '{');
    r->b.n_frames = 0;
    while (status == 0 && (status = mt_others_json_more(&r->json, '}')) > 0) {
        status = mt_others_json_key(&r->json);
        if (status == 0)
            status = strcmp(r->json.text, "fs") == 0 ? take_frames(r) : take_figure(r, value);
    }
    int64_t sample = status < 0 ? status : mt_builder_sample(&r->b, false);
    if (sample < 0)
        return (int)sample;
    value[MT_VALUE_MAX_BYTES] = larger(
        value[MT_VALUE_MAX_BYTES], larger(value[MT_VALUE_PEAK_BYTES], value[MT_VALUE_LIVE_BYTES]));
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
        if (r->b.profile->has_value[figures[i].value])
            mt_builder_add(&r->b, sample, figures[i].value, value[figures[i].value]);
    return 0;
}

static int take_points(struct reader *r) {
    int status = mt_others_json_open(&r->json, '[');
    r->has_points = true;
    while (status == 0 && (status = mt_others_json_more(&r->json, ']')) > 0)
        status = take_point(r);
    return status;
}

/* ---- frames ---------------------------------------------------------------------------------- */

static int take_table(struct reader *r) {
    int status = mt_others_json_open(&r->json, '[');
    while (status == 0 && (status = mt_others_json_more(&r->json, ']')) > 0) {
        status = mt_others_json_string(&r->json);
        int64_t location =
            status < 0 ? status : mt_builder_frame(&r->b, r->json.text, r->json.n_text);
        if (location < 0)
            return (int)location;
        if (!mt_array_reserve(&r->locations, &r->location_capacity, r->n_locations + 1,
                              sizeof *r->locations))
            return mt_builder_status(&r->b, -MEMTRACK_ENOMEM);
        r->locations[r->n_locations++] = (uint32_t)location;
    }
    return status;
}

/* Turns indexes of the table into locations. */
static int resolve_frames(struct reader *r) {
    struct mt_profile *profile = r->b.profile;
    for (size_t i = 0; i < profile->n_frames; i++) {
        if (profile->frames[i] >= r->n_locations)
            return mt_error_set(r->b.error, MEMTRACK_EFORMAT, "Record or copy it again.",
                                "%s is damaged: it refers to frame %u of %zu", r->b.name,
                                profile->frames[i], r->n_locations);
        profile->frames[i] = r->locations[profile->frames[i]];
    }
    return 0;
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* Keeps a short text; what is longer is none that is known. */
static int take_word(struct reader *r, char word[MODE_BYTES]) {
    int status = mt_others_json_string(&r->json);
    if (status == 0 && r->json.n_text < MODE_BYTES)
        memcpy(word, r->json.text, r->json.n_text + 1);
    return status;
}

static int take_command(struct reader *r) {
    int status = mt_others_json_string(&r->json);
    return status < 0 ? status : mt_builder_command(&r->b, r->json.text, r->json.n_text);
}

static int take_pid(struct reader *r) {
    int64_t pid = 0;
    int status = mt_others_json_integer(&r->json, &pid);
    r->b.profile->info.pid = pid > 0 && pid <= INT32_MAX ? (uint32_t)pid : 0;
    return status;
}

static int take_member(struct reader *r) {
    const char *key = r->json.text;
    if (strcmp(key, "dhatFileVersion") == 0)
        return mt_others_json_integer(&r->json, &r->version);
    if (strcmp(key, "mode") == 0)
        return take_word(r, r->mode);
    if (strcmp(key, "tu") == 0)
        return take_word(r, r->unit);
    if (strcmp(key, "bklt") == 0)
        return mt_others_json_bool(&r->json, &r->has_lifetimes);
    if (strcmp(key, "cmd") == 0)
        return take_command(r);
    if (strcmp(key, "pid") == 0)
        return take_pid(r);
    if (strcmp(key, "te") == 0)
        return mt_others_json_integer(&r->json, &r->end);
    if (strcmp(key, "tg") == 0)
        return mt_others_json_integer(&r->json, &r->peak);
    if (strcmp(key, "pps") == 0)
        return take_points(r);
    return strcmp(key, "ftbl") == 0 ? take_table(r) : mt_others_json_skip(&r->json);
}

static int read_members(struct reader *r) {
    int status = mt_others_json_open(&r->json, '{');
    while (status == 0 && (status = mt_others_json_more(&r->json, '}')) > 0) {
        status = mt_others_json_key(&r->json);
        if (status == 0)
            status = take_member(r);
    }
    return status;
}

/* Refuses what counts something else than blocks of memory. */
static int check_kind(struct reader *r) {
    bool is_copy = strcmp(r->mode, "copy") == 0,
         is_event = strcmp(r->mode, "ad-hoc") == 0 || strcmp(r->mode, "rust-ad-hoc") == 0;
    if (r->version != VERSION)
        return mt_error_set(r->b.error, MEMTRACK_EVERSION,
                            "Use DHAT of valgrind 3.15 or later, or the dhat crate.",
                            "%s: DHAT's format %lld, and this reads format %d", r->b.name,
                            (long long)r->version, VERSION);
    if (is_copy || is_event)
        return mt_error_set(
            r->b.error, MEMTRACK_EFORMAT, "Record the heap: valgrind --tool=dhat --mode=heap PROG.",
            "%s is not a heap profile: it counts %s (DHAT's mode \"%s\")", r->b.name,
            is_copy ? "copied bytes" : "events of the program's own", r->mode);
    return r->has_points && r->n_locations ? 0 : mt_others_json_damaged(&r->json, "call path");
}

/* Says when the peak was, in a unit that is no time. */
static int note_peak(struct reader *r) {
    char text[128];
    double share = (double)r->peak * 100 / (double)r->end;
    snprintf(text, sizeof text, "The peak was after %.1f%% of the run, counted in instructions.",
             share);
    return mt_builder_note(&r->b, text);
}

static int finish_times(struct reader *r) {
    struct mt_profile_info *info = &r->b.profile->info;
    bool is_known = r->end > 0 && r->peak >= 0 && r->peak <= r->end;
    int64_t unit_ns = strcmp(r->unit, "\xC2\xB5s") == 0 || strcmp(r->unit, "us") == 0 ? 1000
                      : strcmp(r->unit, "ms") == 0                                    ? 1000000
                                                                                      : 0;
    if (!is_known || r->end > INT64_MAX / 1000000)
        return 0;
    if (strcmp(r->unit, "instrs") == 0)
        return note_peak(r);
    info->duration_ns = (uint64_t)(r->end * unit_ns);
    info->peak_time_ns = (uint64_t)(r->peak * unit_ns);
    info->peak_time_known = unit_ns && r->has_lifetimes;
    info->peak_time_error_ns = info->peak_time_known ? (uint64_t)unit_ns : 0;
    return 0;
}

static int finish(struct reader *r) {
    bool is_rust = strncmp(r->mode, "rust", 4) == 0;
    int status = check_kind(r);
    if (status == 0)
        status = resolve_frames(r);
    if (status == 0)
        status = mt_builder_tool(&r->b, is_rust                        ? "the dhat crate"
                                        : strcmp(r->mode, "heap") == 0 ? "DHAT"
                                                                       : r->mode);
    return status < 0 ? status : finish_times(r);
}

bool mt_dhat_is_one(const uint8_t *head, size_t bytes) {
    static const char key[] = "\"dhatFileVersion\"";
    size_t n = 0;
    while (n < bytes && strchr(" \t\r\n", head[n]) && head[n])
        n++;
    return n < bytes && head[n] == '{' && memmem(head, bytes, key, sizeof key - 1) != NULL;
}

int mt_dhat_read(struct mt_inflate *in, const char *name, struct mt_profile **out,
                 struct mt_error *error) {
    struct reader r = {.json = {.in = in, .name = name, .error = error}, .end = -1, .peak = -1};
    int status = mt_builder_begin(&r.b, in, name, error);
    if (status == 0)
        status = read_members(&r);
    if (status == 0)
        status = finish(&r);
    mt_others_json_free(&r.json);
    free(r.locations);
    return mt_builder_end(&r.b, status, out);
}
