/* SPDX-License-Identifier: MIT */
/*
 * Equal things get equal numbers, in the order in which they first appear: open addressing over
 * (tag, a, b, c).
 */
#include "view/rows/identity.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/hash.h"
#include "view/rows/managed.h"

enum { FIRST_SLOTS = 1024 };

/* ---- identities ------------------------------------------------------------------------------ */

static uint64_t identity_hash(const struct mt_identity *i) {
    return mt_hash_mix(mt_hash_mix(mt_hash_mix(mt_hash_mix(0, i->a), i->b), i->c), i->tag);
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

struct mt_identity mt_identity_of_module(uint32_t module) {
    return module ? (struct mt_identity){.tag = MT_ID_MODULE, .a = module}
                  : (struct mt_identity){.tag = MT_ID_UNKNOWN};
}

/* Makes the key of a frame without a line. */
static struct mt_identity address_identity(const struct mt_frames *frames,
                                           const struct mt_frame_entry *entry) {
    mt_string name = mt_frames_function_name(frames, entry);
    uint64_t offset = mt_frames_function_offset(frames, entry);
    uint64_t address = mt_frames_module_address(frames, entry);
    if (name && entry->place == MT_MANAGED_JIT) /* it lies elsewhere each time */
        return (struct mt_identity){
            .tag = MT_ID_SYMBOL, .a = name, .b = mt_frames_file(frames, entry), .c = entry->module};
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
                    : mt_identity_of_module(entry->module);
    case MT_BY_FILE:
        return file ? (struct mt_identity){.tag = MT_ID_FILE, .a = file}
                    : mt_identity_of_module(entry->module);
    default:
        return mt_identity_of_module(entry->module);
    }
}

struct mt_identity mt_identity_of_label(const struct mt_sample *sample, enum mt_group_by by) {
    struct mt_identity identity = {.tag = MT_ID_LABEL};
    if (by == MT_BY_SIZE)
        identity.a = sample->has_size_class ? sample->size_class + UINT64_C(1) : 0;
    else
        identity.a = by == MT_BY_THREAD    ? sample->thread
                     : by == MT_BY_SCOPE   ? sample->scope
                     : by == MT_BY_PROCESS ? sample->process
                                           : sample->domain;
    return identity;
}

struct mt_identity mt_identity_of_nothing(const struct mt_sample *sample) {
    return (struct mt_identity){.tag = sample->lossy ? MT_ID_LOSSY : MT_ID_UNKNOWN};
}

struct mt_identity mt_identity_of_frame(const struct mt_frames *frames, uint32_t e) {
    const struct mt_frame_entry *entry = &frames->entries[e];
    mt_string file = mt_frames_file(frames, entry), name = mt_frames_function_name(frames, entry);
    if (!file || !entry->line)
        return address_identity(frames, entry);
    return (struct mt_identity){.tag = MT_ID_FRAME,
                                .a = (uint64_t)name << 32 | file,
                                .b = (uint64_t)entry->line,
                                .c = entry->module};
}
