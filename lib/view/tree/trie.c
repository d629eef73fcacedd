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

struct builder {
    struct mt_trie *trie;
    const struct mt_frames *frames;
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

static bool grow_slots(struct builder *b) {
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
static uint32_t append(struct builder *b, uint32_t parent, uint32_t frame) {
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

static uint32_t child(struct builder *b, uint32_t parent, uint32_t frame) {
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
    const struct builder *b = context;
    return b->part[b->path[i]];
}

/* Returns whether there was memory. *n: how many frames the path has. */
static bool read_path(struct builder *b, const struct mt_sample *sample, bool full_stacks,
                      size_t *n) {
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
    if (!full_stacks)
        *n = mt_rows_outer_end_by(part_of, b, *n, sample->truncated);
    return true;
}

static bool add_path(struct builder *b, uint32_t s, size_t n) {
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

/* Numbers what looks alike. */
static bool number_frames(struct builder *b) {
    const struct mt_frames *frames = b->frames;
    struct mt_identities ids = {0};
    struct mt_trie *trie = b->trie;
    bool done = true;
    for (uint32_t e = 0; e < frames->n_entries && done; e++) {
        int64_t id = mt_identity_id(&ids, mt_identity_of_frame(frames, e));
        done = id >= 0;
        b->frame_of[e] = (uint32_t)id;
        if (done && (size_t)id == trie->n_frames)
            trie->entry[trie->n_frames++] = e;
    }
    mt_identity_free(&ids);
    for (size_t f = 0; f < trie->n_frames && done; f++) {
        const struct mt_frame_entry *entry = &frames->entries[trie->entry[f]];
        b->part[f] = mt_rows_outer_part(frames->profile, mt_frames_function_name(frames, entry),
                                        entry->kind);
    }
    return done;
}

static bool allocate(struct builder *b) {
    size_t n = b->frames->n_entries + 1;
    b->frame_of = calloc(n, sizeof *b->frame_of);
    b->part = calloc(n, sizeof *b->part);
    b->trie->entry = calloc(n, sizeof *b->trie->entry);
    b->trie->leaf = calloc(b->frames->profile->n_samples + 1, sizeof *b->trie->leaf);
    return b->frame_of && b->part && b->trie->entry && b->trie->leaf;
}

static bool fill(struct builder *b, bool full_stacks) {
    const struct mt_profile *profile = b->frames->profile;
    bool done = allocate(b) && number_frames(b);
    if (done) {
        append(b, 0, 0);
        done = b->trie->n == 1;
    }
    for (uint32_t s = 0; s < profile->n_samples && done; s++) {
        size_t n;
        done = read_path(b, &profile->samples[s], full_stacks, &n) && add_path(b, s, n);
    }
    return done;
}

int mt_trie_init(struct mt_trie *trie, const struct mt_frames *frames, bool full_stacks) {
    *trie = (struct mt_trie){0};
    struct builder b = {.trie = trie, .frames = frames};
    bool done = fill(&b, full_stacks);
    free(b.frame_of);
    free(b.part);
    free(b.slots);
    free(b.path);
    free(b.last);
    if (done)
        return 0;
    mt_trie_free(trie);
    return -MEMTRACK_ENOMEM;
}

void mt_trie_free(struct mt_trie *trie) {
    free(trie->parent);
    free(trie->frame);
    free(trie->leaf);
    free(trie->entry);
    *trie = (struct mt_trie){0};
}
