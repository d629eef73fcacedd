/* SPDX-License-Identifier: MIT */
/* What lines did, to and from Lines messages, each of as many changes as keep it small. */
#include <stdlib.h>

#include "profile/pprof/pprof-local.h"
#include "profile/pprof/reader.h"

enum { MOST_CHANGES = 1024, MOST_FRAMES = 1 << 14 };

/* ---- writing --------------------------------------------------------------------------------- */

static size_t run_of(const struct mt_line_changes *changes, size_t first, size_t *n_frames) {
    size_t n = 0;
    *n_frames = 0;
    while (first + n < changes->n && n < MOST_CHANGES && *n_frames < MOST_FRAMES)
        *n_frames += changes->items[first + n++].n_frames;
    return n;
}

static void fill(const struct mt_line_change *from, const uint32_t *frames, Pprof__LineChange *to,
                 uint64_t *ids) {
    pprof__line_change__init(to);
    to->n_location_id = from->n_frames;
    to->location_id = ids;
    for (uint32_t i = 0; i < from->n_frames; i++)
        ids[i] = (uint64_t)frames[i] + 1;
    to->is_block = from->is_step;
    to->is_line = from->is_line;
    to->allocated_bytes = from->allocated_bytes;
    to->allocated_blocks = from->allocated_blocks;
    to->freed_bytes = from->freed_bytes;
    to->freed_blocks = from->freed_blocks;
    to->has_level = from->has_level;
    to->after_bytes = from->after_bytes;
    to->high_bytes = from->high_bytes;
    to->after_ns = from->after_ns;
    to->hits = from->hits;
    to->time_ns = from->time_ns;
}

static int write_run(const struct mt_line_changes *changes, size_t first, size_t n, size_t n_frames,
                     mt_pprof_emit *emit, void *context) {
    Pprof__Lines message = PPROF__LINES__INIT;
    Pprof__LineChange **list =
        malloc(n * (sizeof *list + sizeof **list) + n_frames * sizeof(uint64_t) + 1);
    if (!list)
        return -MEMTRACK_ENOMEM;
    Pprof__LineChange *items = (Pprof__LineChange *)(list + n);
    uint64_t *ids = (uint64_t *)(items + n);
    for (size_t i = 0; i < n; i++) {
        const struct mt_line_change *from = &changes->items[first + i];
        list[i] = &items[i];
        fill(from, changes->frames + from->first_frame, list[i], ids);
        ids += from->n_frames;
    }
    message.n_change = n;
    message.change = list;
    int status = emit(context, MT_PPROF_LINES, &message.base);
    free(list);
    return status;
}

static int write_patterns(const struct mt_profile *profile, mt_pprof_emit *emit, void *context) {
    const struct mt_line_changes *changes = &profile->info.lines;
    Pprof__Lines message = PPROF__LINES__INIT;
    message.pattern = malloc((changes->n_patterns + 1) * sizeof *message.pattern);
    if (!message.pattern)
        return -MEMTRACK_ENOMEM;
    for (size_t i = 0; i < changes->n_patterns; i++)
        message.pattern[message.n_pattern++] = mt_pprof_text(profile, changes->patterns[i]);
    int status = emit(context, MT_PPROF_LINES, &message.base);
    free(message.pattern);
    return status;
}

int mt_pprof_lines_write(const struct mt_profile *profile, mt_pprof_emit *emit, void *context) {
    const struct mt_line_changes *changes = &profile->info.lines;
    /* A part of a profile has not all of the locations, and the whole is in another file. */
    if (!changes->is_recorded || profile->whole)
        return 0;
    int status = write_patterns(profile, emit, context);
    for (size_t i = 0, n, n_frames; status == 0 && i < changes->n; i += n) {
        n = run_of(changes, i, &n_frames);
        status = write_run(changes, i, n, n_frames, emit, context);
    }
    return status;
}

/* ---- reading --------------------------------------------------------------------------------- */

const ProtobufCMessageDescriptor *mt_pprof_lines_descriptor(void) {
    return &pprof__lines__descriptor;
}

static int read_change(struct mt_pprof_reader *reader, const Pprof__LineChange *from) {
    struct mt_line_change change = {.is_step = from->is_block,
                                    .is_line = from->is_line,
                                    .allocated_bytes = from->allocated_bytes,
                                    .allocated_blocks = from->allocated_blocks,
                                    .freed_bytes = from->freed_bytes,
                                    .freed_blocks = from->freed_blocks,
                                    .has_level = from->has_level,
                                    .after_bytes = from->after_bytes,
                                    .high_bytes = from->high_bytes,
                                    .after_ns = from->after_ns,
                                    .hits = from->hits,
                                    .time_ns = from->time_ns};
    uint32_t *frames = malloc((from->n_location_id + 1) * sizeof *frames);
    int status = frames ? 0 : -MEMTRACK_ENOMEM;
    for (size_t i = 0; status == 0 && i < from->n_location_id; i++) {
        int64_t location = mt_pprof_model_location(reader, from->location_id[i]);
        status = location < 0 ? (int)location : 0;
        frames[i] = (uint32_t)location;
    }
    if (status == 0)
        status = mt_profile_lines_add(&reader->profile->info.lines, &change, frames,
                                      from->n_location_id);
    free(frames);
    return status;
}

int mt_pprof_lines_read(struct mt_pprof_reader *reader, const ProtobufCMessage *message) {
    struct mt_profile *profile = reader->profile;
    const Pprof__Lines *lines = (const Pprof__Lines *)message;
    int status = 0;
    profile->info.lines.is_recorded = true;
    for (size_t i = 0; status == 0 && i < lines->n_pattern; i++) {
        mt_string text = mt_pprof_text_take(profile, lines->pattern[i], &status);
        if (status == 0)
            status = mt_profile_lines_add_pattern(&profile->info.lines, text);
    }
    for (size_t i = 0; status == 0 && i < lines->n_change; i++)
        status = read_change(reader, lines->change[i]);
    return status;
}
