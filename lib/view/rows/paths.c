/* SPDX-License-Identifier: MIT */
/*
 * Whole call paths are compared by what is printed of them, not by addresses: two calls on one line
 * are one path to the reader. To make that cheap the frames of each location are folded into one
 * number beforehand, from the outside in (a pair is an identity too), so that a path of 44
 * locations costs 44 array look-ups, and a path that begins at an inlined frame in the middle of a
 * location still begins with one number.
 */
#include "view/rows/paths.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/hash.h"
#include "view/rows/identity.h"

enum { FIRST_SLOTS = 1024 };

static int64_t fold_entry(struct mt_identities *ids, const struct mt_frames *frames, uint32_t e,
                          uint64_t outer) {
    int64_t frame = mt_identity_id(ids, mt_identity_of_frame(frames, e));
    if (frame < 0)
        return frame;
    return mt_identity_id(
        ids, (struct mt_identity){.tag = MT_ID_PAIR, .a = (uint64_t)frame, .b = outer});
}

int mt_rows_paths_init(struct mt_rows_paths *paths, const struct mt_frames *frames) {
    *paths = (struct mt_rows_paths){.frames = frames};
    paths->suffix = calloc(frames->n_entries + 1, sizeof *paths->suffix);
    struct mt_identities ids = {0};
    paths->whole = calloc(frames->profile->n_locations + 1, sizeof *paths->whole);
    paths->is_hidden = calloc(frames->profile->n_locations + 1, sizeof *paths->is_hidden);
    bool failed = !paths->suffix || !paths->whole || !paths->is_hidden;
    for (uint32_t l = 0; l < frames->profile->n_locations && !failed; l++) {
        uint64_t outer = UINT64_MAX; /* not an id: the outer end */
        for (uint32_t e = frames->first_entry[l + 1]; e-- > frames->first_entry[l] && !failed;) {
            int64_t id = fold_entry(&ids, frames, e, outer);
            failed = id < 0;
            outer = (uint64_t)id;
            paths->suffix[e] = paths->whole[l] = (uint32_t)id;
        }
        uint32_t first = frames->first_entry[l];
        paths->is_hidden[l] = first < frames->first_entry[l + 1] &&
                              frames->entries[first].kind == MT_FRAME_INTERPRETER;
    }
    mt_identity_free(&ids);
    if (failed)
        mt_rows_paths_free(paths);
    return failed ? -MEMTRACK_ENOMEM : 0;
}

void mt_rows_paths_free(struct mt_rows_paths *paths) {
    free(paths->suffix);
    free(paths->whole);
    free(paths->is_hidden);
    free(paths->items);
    free(paths->slots);
    *paths = (struct mt_rows_paths){0};
}

/* Makes the key of a path without its wrappers: one number, then those of whole locations. */
struct view {
    uint32_t start; /* MT_NO_ENTRY: empty */
    const uint32_t *rest;
    uint32_t n_rest;
    bool truncated, lossy;
    uint32_t n_missing; /* paths of different depth are different ones */
    bool hides;         /* frames of an interpreter are not shown in it */
};

static struct view view_of(const struct mt_rows_paths *paths, uint32_t s) {
    const struct mt_profile *profile = paths->frames->profile;
    const struct mt_sample *sample = &profile->samples[s];
    uint32_t position = 0;
    struct view view = {.truncated = sample->truncated, .n_missing = sample->n_missing};
    view.start = mt_frames_charged(paths->frames, sample, &position);
    if (view.start == MT_NO_ENTRY) {
        view.lossy = sample->lossy;
        view.truncated = false;
        view.n_missing = 0;
        return view;
    }
    view.hides = paths->frames->entries[view.start].kind != MT_FRAME_INTERPRETER;
    view.rest = profile->frames + sample->first_frame + position + 1;
    view.n_rest = sample->n_frames - position - 1;
    return view;
}

static inline bool is_hidden(const struct mt_rows_paths *paths, const struct view *view,
                             uint32_t i) {
    return paths->is_hidden[view->rest[i]] && view->hides;
}

static uint64_t view_hash(const struct mt_rows_paths *paths, const struct view *view) {
    uint64_t hash = view->start == MT_NO_ENTRY ? UINT64_C(1) + view->lossy
                                               : paths->suffix[view->start] * MT_HASH_GOLDEN;
    uint32_t n = 0;
    for (uint32_t i = 0; i < view->n_rest; i++) {
        if (is_hidden(paths, view, i))
            continue;
        hash = (hash ^ paths->whole[view->rest[i]]) * MT_HASH_GOLDEN;
        n++;
    }
    return mt_hash_mix(hash ^ (hash >> 32),
                       (uint64_t)(view->n_missing * 2 + view->truncated) << 32 | n);
}

static inline uint32_t next_shown(const struct mt_rows_paths *paths, const struct view *view,
                                  uint32_t i) {
    while (i < view->n_rest && is_hidden(paths, view, i))
        i++;
    return i;
}

static bool view_equal(const struct mt_rows_paths *paths, const struct view *x,
                       const struct view *y) {
    if (x->start == MT_NO_ENTRY || y->start == MT_NO_ENTRY)
        return x->start == y->start && x->lossy == y->lossy;
    if (x->hides != y->hides || x->truncated != y->truncated || x->n_missing != y->n_missing ||
        paths->suffix[x->start] != paths->suffix[y->start])
        return false;
    for (uint32_t i = 0, k = 0;; i++, k++) {
        i = next_shown(paths, x, i);
        k = next_shown(paths, y, k);
        if (i == x->n_rest || k == y->n_rest)
            return i == x->n_rest && k == y->n_rest;
        if (x->rest[i] != y->rest[k] && paths->whole[x->rest[i]] != paths->whole[y->rest[k]])
            return false;
    }
}

static int grow_paths(struct mt_rows_paths *paths) {
    size_t n_slots = paths->slots ? (paths->mask + 1) * 2 : FIRST_SLOTS;
    uint32_t *slots = calloc(n_slots, sizeof *slots);
    struct mt_path *items = realloc(paths->items, n_slots / 2 * sizeof *items);
    if (items)
        paths->items = items;
    if (!slots || !items) {
        free(slots);
        return -MEMTRACK_ENOMEM;
    }
    for (size_t i = 0; i < paths->n; i++) {
        size_t slot = items[i].hash & (n_slots - 1);
        while (slots[slot])
            slot = (slot + 1) & (n_slots - 1);
        slots[slot] = (uint32_t)i + 1;
    }
    free(paths->slots);
    paths->slots = slots;
    paths->mask = n_slots - 1;
    paths->capacity = n_slots / 2;
    return 0;
}

int64_t mt_rows_paths_id(struct mt_rows_paths *paths, uint32_t sample) {
    if (paths->n == paths->capacity && grow_paths(paths) < 0)
        return -MEMTRACK_ENOMEM;
    struct view view = view_of(paths, sample);
    uint64_t hash = view_hash(paths, &view);
    size_t slot = hash & paths->mask;
    for (; paths->slots[slot]; slot = (slot + 1) & paths->mask) {
        const struct mt_path *path = &paths->items[paths->slots[slot] - 1];
        if (path->hash != hash)
            continue;
        struct view other = view_of(paths, path->sample);
        if (view_equal(paths, &view, &other))
            return paths->slots[slot] - 1;
    }
    paths->items[paths->n++] = (struct mt_path){.hash = hash, .sample = sample};
    paths->slots[slot] = (uint32_t)paths->n;
    return (int64_t)paths->n - 1;
}
