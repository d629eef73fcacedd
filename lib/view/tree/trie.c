/* SPDX-License-Identifier: MIT */
/*
 * A node is found by its parent and its frame in a table of open addressing. Neighbouring samples
 * come from neighbouring code and share most of their path, so the last path is kept: what a sample
 * has in common with it costs a comparison instead of a look-up, which is nine of ten frames in a
 * compiler's 330,000 paths.
 */
#include "view/tree/trie.h"

#include <stdlib.h>

#include "base/array.h"
#include "base/hash.h"
#include "view/rows/identity.h"
#include "view/rows/outer.h"

struct mt_trie_builder {
    struct mt_trie *trie;
    const struct mt_frames *frames;
    struct mt_trie_options options;
    uint32_t next;      /* sample */
    uint32_t *frame_of; /* per entry */
    uint8_t *part;      /* per frame, for outer.h */
    size_t capacity, frame_capacity;
    uint32_t *slots; /* node, 0: empty */
    size_t mask;
    uint32_t *path; /* frames of the sample, innermost first */
    size_t path_capacity;
    uint32_t *last; /* nodes of the sample before, outermost first */
    size_t n_last, last_capacity;
};

/* ---- nodes ----------------------------------------------------------------------------------- */

static uint64_t hash_of(uint32_t parent, uint32_t frame) {
    return mt_hash_mix(0, (uint64_t)parent << 32 | frame);
}

static bool grow_slots(struct mt_trie_builder *b) {
    size_t size = b->mask ? (b->mask + 1) * 2 : 1 << 12;
    uint32_t *slots = calloc(size, sizeof *slots);
    if (!slots)
        return false;
    for (uint32_t node = 1; node < b->trie->n; node++) {
        size_t i = hash_of(b->trie->parent[node], b->trie->frame[node]) & (size - 1);
        while (slots[i])
            i = (i + 1) & (size - 1);
        slots[i] = node;
    }
    free(b->slots);
    b->slots = slots;
    b->mask = size - 1;
    return true;
}

/* Returns the new node, 0: out of memory. */
static uint32_t append(struct mt_trie_builder *b, uint32_t parent, uint32_t frame) {
    struct mt_trie *trie = b->trie;
    size_t capacity = b->capacity;
    if (trie->n >= UINT32_MAX ||
        !mt_array_reserve(&trie->parent, &capacity, trie->n + 1, sizeof *trie->parent) ||
        !mt_array_reserve(&trie->frame, &b->capacity, trie->n + 1, sizeof *trie->frame))
        return 0;
    trie->parent[trie->n] = parent;
    trie->frame[trie->n] = frame;
    return (uint32_t)trie->n++;
}

static uint32_t child(struct mt_trie_builder *b, uint32_t parent, uint32_t frame) {
    const struct mt_trie *trie = b->trie;
    if (trie->n * 2 > b->mask && !grow_slots(b))
        return 0;
    size_t i = hash_of(parent, frame) & b->mask;
    for (; b->slots[i]; i = (i + 1) & b->mask)
        if (trie->parent[b->slots[i]] == parent && trie->frame[b->slots[i]] == frame)
            return b->slots[i];
    return b->slots[i] = append(b, parent, frame);
}

/* ---- paths ----------------------------------------------------------------------------------- */

static uint8_t part_of(const void *context, size_t i) {
    const struct mt_trie_builder *b = context;
    return b->part[b->path[i]];
}

/* Returns whether there was memory. *n: how many frames the path has. */
static bool read_path(struct mt_trie_builder *b, const struct mt_sample *sample, size_t *n) {
    struct mt_frames_walk walk;
    uint32_t e;
    *n = 0;
    if (!mt_frames_walk_begin(&walk, b->frames, sample))
        return true;
    for (; (e = mt_frames_walk_next(&walk)) != MT_NO_ENTRY; ++*n) {
        if (!mt_array_reserve(&b->path, &b->path_capacity, *n + 1, sizeof *b->path))
            return false;
        b->path[*n] = b->frame_of[e];
    }
    if (!b->options.full_stacks)
        *n = mt_rows_outer_end_by(part_of, b, *n, sample->truncated);
    return true;
}

static bool add_path(struct mt_trie_builder *b, uint32_t s, size_t n) {
    const struct mt_trie *trie = b->trie;
    uint32_t node = 0;
    size_t depth = 0;
    while (depth < n && depth < b->n_last && trie->frame[b->last[depth]] == b->path[n - 1 - depth])
        node = b->last[depth++];
    if (!mt_array_reserve(&b->last, &b->last_capacity, n + 1, sizeof *b->last))
        return false;
    for (; depth < n; depth++) {
        node = child(b, node, b->path[n - 1 - depth]);
        if (!node)
            return false;
        b->last[depth] = node;
    }
    b->n_last = n;
    trie->leaf[s] = node;
    return true;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static struct mt_identity identity_of(const struct mt_trie_builder *b, uint32_t e) {
    return b->options.by_function ? mt_identity_of_entry(b->frames, e, MT_BY_FUNCTION)
                                  : mt_identity_of_frame(b->frames, e);
}

/* Numbers what looks alike. */
static bool number_frames(struct mt_trie_builder *b) {
    struct mt_identities ids = {0};
    struct mt_trie *trie = b->trie;
    bool done = true;
    for (uint32_t e = 0; e < b->frames->n_entries && done; e++) {
        int64_t id = mt_identity_id(&ids, identity_of(b, e));
        done = id >= 0;
        b->frame_of[e] = (uint32_t)id;
        if (done && (size_t)id == trie->n_frames)
            trie->entry[trie->n_frames++] = e;
    }
    mt_identity_free(&ids);
    return done;
}

static bool judge_frames(struct mt_trie_builder *b) {
    const struct mt_frames *frames = b->frames;
    struct mt_identities ids = {0};
    struct mt_trie *trie = b->trie;
    bool done = true;
    for (size_t f = 0; f < trie->n_frames && done; f++) {
        const struct mt_frame_entry *entry = &frames->entries[trie->entry[f]];
        int64_t id =
            mt_identity_id(&ids, mt_identity_of_entry(frames, trie->entry[f], MT_BY_FUNCTION));
        done = id >= 0;
        trie->function[f] = (uint32_t)id;
        b->part[f] = mt_rows_outer_part(frames->profile, mt_frames_function_name(frames, entry),
                                        entry->kind);
    }
    mt_identity_free(&ids);
    return done;
}

static bool allocate(struct mt_trie_builder *b) {
    size_t n = b->frames->n_entries + 1;
    struct mt_trie *trie = b->trie;
    b->frame_of = calloc(n, sizeof *b->frame_of);
    b->part = calloc(n, sizeof *b->part);
    trie->entry = calloc(n, sizeof *trie->entry);
    trie->function = calloc(n, sizeof *trie->function);
    trie->leaf = calloc(b->frames->profile->n_samples + 1, sizeof *trie->leaf);
    return b->frame_of && b->part && trie->entry && trie->function && trie->leaf;
}

static bool begin(struct mt_trie_builder *b) {
    if (!allocate(b) || !number_frames(b) || !judge_frames(b))
        return false;
    append(b, 0, 0);
    return b->trie->n == 1;
}

struct mt_trie_builder *mt_trie_begin(struct mt_trie *trie, const struct mt_frames *frames,
                                      struct mt_trie_options options) {
    struct mt_trie_builder *b = calloc(1, sizeof *b);
    *trie = (struct mt_trie){0};
    if (!b)
        return NULL;
    *b = (struct mt_trie_builder){.trie = trie, .frames = frames, .options = options};
    if (begin(b))
        return b;
    mt_trie_end(b);
    mt_trie_free(trie);
    return NULL;
}

int64_t mt_trie_add(struct mt_trie_builder *b, size_t most) {
    const struct mt_profile *profile = b->frames->profile;
    for (; most && b->next < profile->n_samples; most--, b->next++) {
        size_t n;
        if (!read_path(b, &profile->samples[b->next], &n) || !add_path(b, b->next, n))
            return -MEMTRACK_ENOMEM;
    }
    return (int64_t)(profile->n_samples - b->next);
}

void mt_trie_end(struct mt_trie_builder *b) {
    if (!b)
        return;
    free(b->frame_of);
    free(b->part);
    free(b->slots);
    free(b->path);
    free(b->last);
    free(b);
}

void mt_trie_free(struct mt_trie *trie) {
    free(trie->parent);
    free(trie->frame);
    free(trie->leaf);
    free(trie->entry);
    free(trie->function);
    *trie = (struct mt_trie){0};
}
