/* SPDX-License-Identifier: MIT */
/*
 * Equal things get equal numbers, in the order in which they first appear: open addressing over
 * (tag, a, b, c).
 *
 * Whole call paths are compared by what is printed of them, not by addresses: two calls on one line
 * are one path to the reader. To make that cheap the frames of each location are folded into one
 * number beforehand, from the outside in (a pair is an identity too), so that a path of 44
 * locations costs 44 array look-ups, and a path that begins at an inlined frame in the middle of a
 * location still begins with one number.
 */
#include "view/rows/group.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_SLOTS = 1024 };
#define GOLDEN UINT64_C(0x9E3779B97F4A7C15)

/* ---- identities ------------------------------------------------------------------------------ */

static uint64_t mix(uint64_t hash, uint64_t value) {
    hash = (hash ^ value) * GOLDEN;
    return hash ^ (hash >> 32);
}

static uint64_t identity_hash(const struct mt_identity *i) {
    return mix(mix(mix(mix(0, i->a), i->b), i->c), i->tag);
}

static bool identity_equal(const struct mt_identity *x, const struct mt_identity *y) {
    return x->a == y->a && x->b == y->b && x->c == y->c && x->tag == y->tag;
}

static int grow_identities(struct mt_identities *ids) {
    size_t n_slots = ids->slots ? (ids->mask + 1) * 2 : FIRST_SLOTS;
    uint32_t *slots = calloc(n_slots, sizeof *slots);
    struct mt_identity *items = realloc(ids->items, n_slots / 2 * sizeof *items);
    if (items)
        ids->items = items;
    if (!slots || !items) {
        free(slots);
        return -MEMTRACK_ENOMEM;
    }
    for (size_t i = 0; i < ids->n; i++) {
        size_t slot = identity_hash(&items[i]) & (n_slots - 1);
        while (slots[slot])
            slot = (slot + 1) & (n_slots - 1);
        slots[slot] = (uint32_t)i + 1;
    }
    free(ids->slots);
    ids->slots = slots;
    ids->mask = n_slots - 1;
    ids->capacity = n_slots / 2;
    return 0;
}

int64_t mt_identity_id(struct mt_identities *ids, struct mt_identity identity) {
    if (ids->n == ids->capacity && grow_identities(ids) < 0)
        return -MEMTRACK_ENOMEM;
    size_t slot = identity_hash(&identity) & ids->mask;
    for (; ids->slots[slot]; slot = (slot + 1) & ids->mask)
        if (identity_equal(&ids->items[ids->slots[slot] - 1], &identity))
            return ids->slots[slot] - 1;
    ids->items[ids->n++] = identity;
    ids->slots[slot] = (uint32_t)ids->n;
    return (int64_t)ids->n - 1;
}

void mt_identity_free(struct mt_identities *ids) {
    free(ids->items);
    free(ids->slots);
    *ids = (struct mt_identities){0};
}

/* ---- what is grouped under what -------------------------------------------------------------- */

bool mt_group_by_is_frame(enum mt_group_by by) {
    return by == MT_BY_LINE || by == MT_BY_FUNCTION || by == MT_BY_FILE || by == MT_BY_MODULE;
}

static struct mt_identity module_identity(mt_string module) {
    return module ? (struct mt_identity){.tag = MT_ID_MODULE, .a = module}
                  : (struct mt_identity){.tag = MT_ID_UNKNOWN};
}

/* A frame without a line: what its key is made of. */
static struct mt_identity address_identity(const struct mt_frames *frames,
                                           const struct mt_frame_entry *entry) {
    mt_string name = mt_frames_function_name(frames, entry);
    uint64_t offset = mt_frames_function_offset(frames, entry);
    uint64_t address = mt_frames_module_address(frames, entry);
    if (name && offset != UINT64_MAX)
        return (struct mt_identity){
            .tag = MT_ID_SYMBOL, .a = name, .b = offset, .c = entry->module};
    if (!name && !entry->module && !address)
        return (struct mt_identity){.tag = MT_ID_UNKNOWN};
    return (struct mt_identity){.tag = MT_ID_ADDRESS, .a = entry->module, .b = address, .c = name};
}

struct mt_identity mt_identity_of_entry(const struct mt_frames *frames, uint32_t e,
                                        enum mt_group_by by) {
    const struct mt_frame_entry *entry = &frames->entries[e];
    mt_string file = mt_frames_file(frames, entry), name = mt_frames_function_name(frames, entry);
    switch (by) {
    case MT_BY_LINE:
        return file && entry->line
                   ? (struct mt_identity){.tag = MT_ID_LINE, .a = file, .b = (uint64_t)entry->line}
                   : address_identity(frames, entry);
    case MT_BY_FUNCTION:
        return name ? (struct mt_identity){.tag = MT_ID_FUNCTION,
                                           .a = name,
                                           .b = file,
                                           .c = file ? 0 : entry->module}
                    : module_identity(entry->module);
    case MT_BY_FILE:
        return file ? (struct mt_identity){.tag = MT_ID_FILE, .a = file}
                    : module_identity(entry->module);
    default:
        return module_identity(entry->module);
    }
}

struct mt_identity mt_identity_of_label(const struct mt_sample *sample, enum mt_group_by by) {
    struct mt_identity identity = {.tag = MT_ID_LABEL};
    if (by == MT_BY_SIZE)
        identity.a = sample->has_size_class ? sample->size_class + UINT64_C(1) : 0;
    else
        identity.a = by == MT_BY_THREAD  ? sample->thread
                     : by == MT_BY_SCOPE ? sample->scope
                                         : sample->domain;
    return identity;
}

struct mt_identity mt_identity_of_nothing(const struct mt_sample *sample) {
    return (struct mt_identity){.tag = sample->lossy ? MT_ID_LOSSY : MT_ID_UNKNOWN};
}

/* ---- call paths ------------------------------------------------------------------------------ */

static struct mt_identity printed_frame(const struct mt_frames *frames,
                                        const struct mt_frame_entry *entry) {
    mt_string file = mt_frames_file(frames, entry), name = mt_frames_function_name(frames, entry);
    if (!file || !entry->line)
        return address_identity(frames, entry);
    return (struct mt_identity){.tag = MT_ID_FRAME,
                                .a = (uint64_t)name << 32 | file,
                                .b = (uint64_t)entry->line,
                                .c = entry->module};
}

static int64_t fold_entry(struct mt_identities *ids, const struct mt_frames *frames, uint32_t e,
                          uint64_t outer) {
    int64_t frame = mt_identity_id(ids, printed_frame(frames, &frames->entries[e]));
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
    bool failed = !paths->suffix || !paths->whole;
    for (uint32_t l = 0; l < frames->profile->n_locations && !failed; l++) {
        uint64_t outer = UINT64_MAX; /* not an id: the outer end */
        for (uint32_t e = frames->first_entry[l + 1]; e-- > frames->first_entry[l] && !failed;) {
            int64_t id = fold_entry(&ids, frames, e, outer);
            failed = id < 0;
            outer = (uint64_t)id;
            paths->suffix[e] = paths->whole[l] = (uint32_t)id;
        }
    }
    mt_identity_free(&ids);
    if (failed)
        mt_rows_paths_free(paths);
    return failed ? -MEMTRACK_ENOMEM : 0;
}

void mt_rows_paths_free(struct mt_rows_paths *paths) {
    free(paths->suffix);
    free(paths->whole);
    free(paths->items);
    free(paths->slots);
    *paths = (struct mt_rows_paths){0};
}

/* A path without its wrappers: one number, then those of whole locations. */
struct view {
    uint32_t start; /* MT_NO_ENTRY: empty */
    const uint32_t *rest;
    uint32_t n_rest;
    bool truncated, lossy;
};

static struct view view_of(const struct mt_rows_paths *paths, uint32_t s) {
    const struct mt_profile *profile = paths->frames->profile;
    const struct mt_sample *sample = &profile->samples[s];
    uint32_t position = 0;
    struct view view = {.truncated = sample->truncated};
    view.start = mt_frames_charged(paths->frames, sample, &position);
    if (view.start == MT_NO_ENTRY) {
        view.lossy = sample->lossy;
        view.truncated = false;
        return view;
    }
    view.rest = profile->frames + sample->first_frame + position + 1;
    view.n_rest = sample->n_frames - position - 1;
    return view;
}

static uint64_t view_hash(const struct mt_rows_paths *paths, const struct view *view) {
    uint64_t hash = view->start == MT_NO_ENTRY ? UINT64_C(1) + view->lossy
                                               : paths->suffix[view->start] * GOLDEN;
    for (uint32_t i = 0; i < view->n_rest; i++)
        hash = (hash ^ paths->whole[view->rest[i]]) * GOLDEN;
    return mix(hash ^ (hash >> 32), (uint64_t)view->truncated << 32 | view->n_rest);
}

static bool view_equal(const struct mt_rows_paths *paths, const struct view *x,
                       const struct view *y) {
    if (x->start == MT_NO_ENTRY || y->start == MT_NO_ENTRY)
        return x->start == y->start && x->lossy == y->lossy;
    if (x->n_rest != y->n_rest || x->truncated != y->truncated ||
        paths->suffix[x->start] != paths->suffix[y->start])
        return false;
    for (uint32_t i = 0; i < x->n_rest; i++)
        if (x->rest[i] != y->rest[i] && paths->whole[x->rest[i]] != paths->whole[y->rest[i]])
            return false;
    return true;
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
