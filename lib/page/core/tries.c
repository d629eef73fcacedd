/* SPDX-License-Identifier: MIT */
/*
 * What flame graphs are drawn from: the call paths, once, and for each question an array with a
 * value of every sample.
 */
#include <stdlib.h>
#include <string.h>

#include "page/core/core.h"
#include "page/core/exports.h"
#include "page/core/options.h"
#include "page/core/rows.h"
#include "view/at.h"
#include "view/tree/trie.h"

struct mt_core_trie {
    struct mt_trie trie;
    struct mt_trie_builder *builder; /* NULL: it is whole */
    struct mt_core_profile *of;
    char *options; /* text */
    const struct mt_frames *frames;
    struct mt_core_path path; /* its frame */
    uint32_t arrays[6];
};

static void out_of_memory(void) {
    mt_error_set(&mt_core_error, MEMTRACK_ENOMEM, "", "out of memory");
}

/* Text of options ends with an empty key. */
static char *copy_options(const char *text) {
    const char *end = text;
    while (*end) {
        end += strlen(end) + 1;
        end += strlen(end) + 1;
    }
    size_t bytes = (size_t)(end - text) + 1;
    char *copy = malloc(bytes);
    return copy ? memcpy(copy, text, bytes) : NULL;
}

/* A view with other wrappers may have classified the frames anew since the last call. */
static bool find_frames(struct mt_core_trie *trie) {
    struct mt_core_options options;
    if (mt_core_options_read(&options, trie->options) < 0)
        return false;
    trie->frames = mt_core_options_frames(trie->of, &options);
    if (!trie->frames)
        out_of_memory();
    return trie->frames != NULL;
}

static bool begin(struct mt_core_trie *trie, uint32_t flags) {
    struct mt_trie_options options = {.full_stacks = flags & MT_CORE_TRIES_FULL_STACKS,
                                      .by_function = flags & MT_CORE_TRIES_BY_FUNCTION};
    if (!trie->options) {
        out_of_memory();
        return false;
    }
    if (!find_frames(trie))
        return false;
    trie->builder = mt_trie_begin(&trie->trie, trie->frames, options);
    if (!trie->builder)
        out_of_memory();
    return trie->builder != NULL;
}

struct mt_core_trie *MT_CORE_EXPORT(mt_core_tries_new)(struct mt_core_profile *profile,
                                                       const char *text, uint32_t flags) {
    struct mt_core_trie *trie = calloc(1, sizeof *trie);
    if (!trie) {
        out_of_memory();
        return NULL;
    }
    trie->of = profile;
    trie->options = copy_options(text);
    if (begin(trie, flags))
        return trie;
    mt_core_tries_free(trie);
    return NULL;
}

int32_t MT_CORE_EXPORT(mt_core_tries_add)(struct mt_core_trie *trie, uint32_t n) {
    if (!trie->builder)
        return 0;
    int64_t left = find_frames(trie) ? mt_trie_add(trie->builder, n) : -MEMTRACK_ENOMEM;
    if (left < 0)
        out_of_memory();
    if (left)
        return (int32_t)left;
    mt_trie_end(trie->builder);
    trie->builder = NULL;
    return 0;
}

void MT_CORE_EXPORT(mt_core_tries_free)(struct mt_core_trie *trie) {
    if (!trie)
        return;
    mt_trie_end(trie->builder);
    mt_trie_free(&trie->trie);
    mt_core_path_free(&trie->path);
    free(trie->options);
    free(trie);
}

const uint32_t *MT_CORE_EXPORT(mt_core_tries_arrays)(struct mt_core_trie *trie) {
    const struct mt_trie *t = &trie->trie;
    trie->arrays[0] = (uint32_t)t->n;
    trie->arrays[1] = (uint32_t)(uintptr_t)t->parent;
    trie->arrays[2] = (uint32_t)(uintptr_t)t->frame;
    trie->arrays[3] = (uint32_t)(uintptr_t)t->leaf;
    trie->arrays[4] = (uint32_t)t->n_frames;
    trie->arrays[5] = (uint32_t)(uintptr_t)t->function;
    return trie->arrays;
}

const struct mt_core_frame *MT_CORE_EXPORT(mt_core_tries_frame)(struct mt_core_trie *trie,
                                                                uint32_t frame) {
    const struct mt_frames *frames = trie->frames;
    const struct mt_frame_entry *entry = &frames->entries[trie->trie.entry[frame]];
    const struct mt_row_frame shown = {
        .function = mt_frames_function_name(frames, entry),
        .file = mt_frames_file(frames, entry),
        .module = entry->module,
        .line = entry->line,
        .address = frames->profile->locations[entry->location].address,
        .is_inlined = entry->is_inlined,
        .kind = entry->kind,
    };
    return mt_core_path_put(&trie->path, frames->profile, &shown);
}

/* ---- values ---------------------------------------------------------------------------------- */

struct values {
    int64_t *bytes, *blocks; /* live ones at a moment */
    double *sum;
};

static bool is_live(uint32_t value) {
    return value == MT_VALUE_LIVE_BYTES || value == MT_VALUE_LIVE_BLOCKS;
}

static bool add(const struct mt_profile *profile, const struct mt_at *at, uint32_t value,
                double sign, struct values *values) {
    if (at->kind == MT_AT_END || !is_live(value)) {
        for (size_t s = 0; s < profile->n_samples; s++)
            values->sum[s] += sign * (double)profile->samples[s].value[value];
        return true;
    }
    if (mt_at_live(profile, at, values->bytes, values->blocks, &mt_core_error) < 0)
        return false;
    const int64_t *live = value == MT_VALUE_LIVE_BYTES ? values->bytes : values->blocks;
    for (size_t s = 0; s < profile->n_samples; s++)
        values->sum[s] += sign * (double)live[s];
    return true;
}

/* Those that the filter leaves out count as nothing. */
static bool filter(struct mt_core_profile *of, const struct mt_core_options *options,
                   double *values) {
    struct mt_view_options view = options->view;
    struct mt_rows *rows = NULL;
    size_t n;
    if (mt_filter_is_empty(&view.filter))
        return true;
    view.by = MT_BY_FILE; /* few rows, of a digest */
    view.cumulative = false;
    view.keeps_samples = true;
    view.at = (struct mt_at){.kind = MT_AT_END};
    view.frames = mt_core_options_frames(of, options);
    if (!view.frames || mt_rows_build(of->profile, &view, &rows, &mt_core_error) < 0)
        return false;
    const uint32_t *row = mt_rows_of_samples(rows, &n);
    for (size_t s = 0; s < n; s++)
        if (row[s] == UINT32_MAX)
            values[s] = 0;
    mt_rows_free(rows);
    return true;
}

/* A range is what was live at its end minus what was live at its beginning; it has no other. */
double *MT_CORE_EXPORT(mt_core_tries_values)(struct mt_core_profile *profile, const char *text,
                                             uint32_t value) {
    const struct mt_profile *of = profile->profile;
    struct mt_core_options options;
    if (mt_core_options_read(&options, text) < 0)
        return NULL;
    struct values v = {calloc(of->n_samples + 1, sizeof *v.bytes),
                       calloc(of->n_samples + 1, sizeof *v.blocks),
                       calloc(of->n_samples + 1, sizeof *v.sum)};
    bool done = v.bytes && v.blocks && v.sum;
    if (!done)
        out_of_memory();
    if (options.has_range)
        done = done && add(of, &options.to, value, 1, &v) && add(of, &options.from, value, -1, &v);
    else
        done = done && add(of, &options.view.at, value, 1, &v);
    done = done && filter(profile, &options, v.sum);
    free(v.bytes);
    free(v.blocks);
    if (done)
        return v.sum;
    free(v.sum);
    return NULL;
}
