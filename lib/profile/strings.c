/* SPDX-License-Identifier: MIT */
/*
 * Interning. Texts lie back to back in chunks that never move, so that a pointer handed out stays
 * good; an array of pointers turns an index into a text, and an open-addressing table of indexes
 * (at most half full) finds a text.
 *
 *   slots: [ . 7 . . 2 . 1 ]──►  entries: { text, hash }──►  chunk: "malloc\0src/a.c\0…"
 *
 * The hash is seeded with the table's address: a file cannot be written that makes every string
 * collide. One array of text that grows by realloc was rejected, as it would invalidate what
 * callers hold.
 */
#include "profile/strings.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

enum { CHUNK_BYTES = 1 << 16, FIRST_ENTRIES = 256 };

struct chunk {
    struct chunk *next;
    char text[];
};

struct entry {
    const char *text;
    uint32_t hash;
    uint32_t bytes;
};

struct mt_strings {
    struct entry *entries;
    uint32_t n_entries, entry_capacity;
    uint32_t *slots; /* index + 1, 0: empty */
    uint32_t slot_mask;
    struct chunk *chunks;
    char *room;
    size_t room_bytes;
};

static uint32_t hash_text(const struct mt_strings *strings, const char *text, size_t bytes) {
    uint64_t hash = (uint64_t)(uintptr_t)strings ^ bytes;
    while (bytes) {
        uint64_t word = 0;
        size_t n = bytes < sizeof word ? bytes : sizeof word;
        memcpy(&word, text, n);
        __uint128_t product = (__uint128_t)((hash ^ word) + MT_HASH_GOLDEN) * MT_HASH_GOLDEN;
        hash = (uint64_t)product ^ (uint64_t)(product >> 64);
        text += n;
        bytes -= n;
    }
    return (uint32_t)(hash ^ (hash >> 32));
}

struct mt_strings *mt_strings_new(void) {
    struct mt_strings *strings = calloc(1, sizeof *strings);
    if (!strings)
        return NULL;
    strings->entry_capacity = FIRST_ENTRIES;
    strings->slot_mask = FIRST_ENTRIES * 2 - 1;
    strings->entries = malloc(FIRST_ENTRIES * sizeof *strings->entries);
    strings->slots = calloc(FIRST_ENTRIES * 2, sizeof *strings->slots);
    if (!strings->entries || !strings->slots || mt_strings_intern(strings, "", 0) != 0) {
        mt_strings_free(strings);
        return NULL;
    }
    return strings;
}

void mt_strings_free(struct mt_strings *strings) {
    if (!strings)
        return;
    for (struct chunk *chunk = strings->chunks, *next; chunk; chunk = next) {
        next = chunk->next;
        free(chunk);
    }
    free(strings->entries);
    free(strings->slots);
    free(strings);
}

static int grow(struct mt_strings *strings) {
    if (strings->entry_capacity > UINT32_MAX / 4)
        return -1;
    uint32_t capacity = strings->entry_capacity * 2;
    struct entry *entries = realloc(strings->entries, capacity * sizeof *entries);
    if (!entries)
        return -1;
    strings->entries = entries;
    uint32_t mask = capacity * 2 - 1;
    uint32_t *slots = calloc((size_t)mask + 1, sizeof *slots);
    if (!slots)
        return -1;
    for (uint32_t i = 0; i < strings->n_entries; i++) {
        uint32_t slot = entries[i].hash & mask;
        while (slots[slot])
            slot = (slot + 1) & mask;
        slots[slot] = i + 1;
    }
    free(strings->slots);
    strings->slots = slots;
    strings->slot_mask = mask;
    strings->entry_capacity = capacity;
    return 0;
}

static char *new_chunk(struct mt_strings *strings, size_t text_bytes) {
    struct chunk *chunk = malloc(sizeof *chunk + text_bytes);
    if (!chunk)
        return NULL;
    chunk->next = strings->chunks;
    strings->chunks = chunk;
    return chunk->text;
}

static const char *keep_text(struct mt_strings *strings, const char *text, size_t bytes) {
    char *copy;
    if (bytes >= CHUNK_BYTES / 4) {
        copy = new_chunk(strings,
                         bytes + 1); /* a long text does not waste the rest of the current chunk */
    } else {
        if (bytes + 1 > strings->room_bytes) {
            copy = new_chunk(strings, CHUNK_BYTES);
            if (!copy)
                return NULL;
            strings->room = copy;
            strings->room_bytes = CHUNK_BYTES;
        }
        copy = strings->room;
        strings->room += bytes + 1;
        strings->room_bytes -= bytes + 1;
    }
    if (copy) {
        memcpy(copy, text, bytes);
        copy[bytes] = '\0';
    }
    return copy;
}

uint32_t mt_strings_intern(struct mt_strings *strings, const char *text, size_t bytes) {
    bytes = strnlen(text, bytes);
    if (bytes > UINT32_MAX || (strings->n_entries == strings->entry_capacity && grow(strings) != 0))
        return UINT32_MAX;
    uint32_t hash = hash_text(strings, text, bytes);
    uint32_t slot = hash & strings->slot_mask;
    for (; strings->slots[slot]; slot = (slot + 1) & strings->slot_mask) {
        const struct entry *entry = &strings->entries[strings->slots[slot] - 1];
        if (entry->hash == hash && entry->bytes == bytes && memcmp(entry->text, text, bytes) == 0)
            return strings->slots[slot] - 1;
    }
    const char *kept = keep_text(strings, text, bytes);
    if (!kept)
        return UINT32_MAX;
    strings->entries[strings->n_entries] =
        (struct entry){.text = kept, .hash = hash, .bytes = (uint32_t)bytes};
    strings->slots[slot] = ++strings->n_entries;
    return strings->n_entries - 1;
}

const char *mt_strings_text(const struct mt_strings *strings, uint32_t index) {
    return index < strings->n_entries ? strings->entries[index].text : "";
}

uint32_t mt_strings_count(const struct mt_strings *strings) {
    return strings->n_entries;
}
