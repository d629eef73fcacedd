/* SPDX-License-Identifier: MIT */
/*
 * Memory of the core, which is one range that grows at its end. WASI's malloc is 11 kB of code, of
 * which this does what the core needs in a tenth: a core has one thread, and nobody attacks it from
 * inside.
 *
 * The range is cut into chunks without gaps. Each knows its own bytes and those of the one before
 * it, so that a chunk that becomes free is joined with free neighbours. Free chunks are in lists by
 * size, four for each power of two, with a bit for each list that has any: what is taken is from
 * the first list of which every chunk is large enough, or the head of the one before it. All of it
 * takes the same time however many chunks there are. Behind the last is a header of no bytes, in
 * use, which ends the joining; the first says that the one before it has none, which is itself.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct chunk {
    size_t before;                 /* bytes of the one before it */
    size_t bytes;                  /* its own, with this header; FREE is added while it is */
    struct chunk *next, *previous; /* of its list, while it is free */
};

enum {
    HEADER = offsetof(struct chunk, next),
    UNIT = sizeof(struct chunk), /* of bytes; what callers get is aligned so */
    FREE = 1,
    PAGE = 65536,
    N_LISTS = 4 * 8 * sizeof(size_t)
};

static struct chunk *lists[N_LISTS];
static uint64_t any[N_LISTS / 64];
static struct chunk *end;  /* NULL: nobody has asked yet */
extern char __heap_base[]; /* the linker's: behind all objects */

static struct chunk *at(struct chunk *chunk, size_t bytes) {
    return (struct chunk *)((char *)chunk + bytes);
}

static struct chunk *chunk_of(void *memory) {
    return (struct chunk *)((char *)memory - HEADER);
}

static unsigned log_of(size_t bytes) {
    return 63 - (unsigned)__builtin_clzll(bytes);
}

/* Bytes are at least UNIT. */
static unsigned list_of(size_t bytes) {
    unsigned log = log_of(bytes);
    return log * 4 + (unsigned)(bytes >> (log - 2) & 3);
}

/* Lists are marked as empty when somebody finds them so. */
static void leave(struct chunk *chunk) {
    chunk->bytes -= FREE;
    if (chunk->next)
        chunk->next->previous = chunk->previous;
    if (chunk->previous)
        chunk->previous->next = chunk->next;
    else
        lists[list_of(chunk->bytes)] = chunk->next;
}

static void enter(struct chunk *chunk) {
    unsigned i = list_of(chunk->bytes);
    chunk->next = lists[i];
    chunk->previous = NULL;
    if (chunk->next)
        chunk->next->previous = chunk;
    lists[i] = chunk;
    any[i / 64] |= 1ull << i % 64;
    chunk->bytes += FREE;
}

/* The chunk becomes free, and is joined with those beside it. */
static void release(struct chunk *chunk) {
    struct chunk *next = at(chunk, chunk->bytes), *before = at(chunk, -chunk->before);
    if (next->bytes & FREE) {
        leave(next);
        chunk->bytes += next->bytes;
    }
    if (before->bytes & FREE) {
        leave(before);
        before->bytes += chunk->bytes;
        chunk = before;
    }
    at(chunk, chunk->bytes)->before = chunk->bytes;
    enter(chunk);
}

void free(void *memory) {
    if (memory)
        release(chunk_of(memory));
}

/* What is behind the bytes of a chunk that is in use becomes free. */
static void cut(struct chunk *chunk, size_t bytes) {
    size_t rest = chunk->bytes - bytes;
    if (rest == 0)
        return;
    struct chunk *behind = at(chunk, bytes);
    chunk->bytes = behind->before = bytes;
    behind->bytes = rest;
    release(behind);
}

static bool grow(size_t bytes) {
    if (__builtin_wasm_memory_grow(0, bytes / PAGE + 1) == SIZE_MAX)
        return false;
    if (!end) {
        end = (struct chunk *)(((uintptr_t)__heap_base + UNIT - 1) / UNIT * UNIT + UNIT - HEADER);
        end->before = 0;
    }
    struct chunk *more = end;
    end = (struct chunk *)(__builtin_wasm_memory_size(0) * PAGE - HEADER);
    more->bytes = (size_t)((char *)end - (char *)more);
    end->bytes = 0;
    release(more);
    return true;
}

static struct chunk *find(size_t bytes, unsigned i) {
    struct chunk *chunk = lists[list_of(bytes)];
    if (chunk && chunk->bytes >= bytes)
        return chunk;
    for (uint64_t those; i < N_LISTS; i = (i / 64 + 1) * 64)
        while ((those = any[i / 64] >> i % 64) != 0) {
            i += (unsigned)__builtin_ctzll(those);
            if (lists[i])
                return lists[i];
            any[i / 64] &= ~(1ull << i % 64);
        }
    return NULL;
}

/* Returns how many bytes a chunk has for so many of a caller, or 0: there is no such memory. */
static size_t bytes_for(size_t bytes) {
    return bytes < SIZE_MAX / 4 ? (bytes + HEADER + UNIT - 1) / UNIT * UNIT : 0;
}

static void *take(size_t bytes) {
    size_t own = bytes_for(bytes);
    if (own == 0)
        return NULL;
    /* every chunk of the list in which so many are has them */
    size_t sure = own + ((size_t)1 << (log_of(own) - 2)) - 1;
    struct chunk *chunk = find(own, list_of(sure));
    if (!chunk && grow(sure))
        chunk = find(own, list_of(sure));
    if (!chunk)
        return NULL;
    leave(chunk);
    cut(chunk, own);
    return &chunk->next;
}

void *malloc(size_t bytes) {
    return take(bytes);
}

void *calloc(size_t n, size_t bytes) {
    size_t all;
    void *memory = __builtin_mul_overflow(n, bytes, &all) ? NULL : malloc(all);
    return memory ? memset(memory, 0, all) : NULL;
}

void *realloc(void *memory, size_t bytes) {
    size_t own = bytes_for(bytes);
    if (!memory || own == 0)
        return memory ? NULL : malloc(bytes);
    struct chunk *chunk = chunk_of(memory), *next = at(chunk, chunk->bytes);
    size_t had = chunk->bytes;
    if (had < own && next->bytes & FREE && had + next->bytes >= own) {
        leave(next);
        chunk->bytes += next->bytes;
        at(chunk, chunk->bytes)->before = chunk->bytes;
    }
    if (chunk->bytes >= own) {
        cut(chunk, own);
        return memory;
    }
    void *moved = malloc(bytes);
    if (moved) {
        memcpy(moved, memory, had - HEADER);
        free(memory);
    }
    return moved;
}

/* The alignment is a power of two, and at least UNIT. */
void *aligned_alloc(size_t alignment, size_t bytes) {
    char *memory = bytes < SIZE_MAX / 4 ? take(bytes + alignment) : NULL;
    if (!memory)
        return NULL;
    size_t gap = -(uintptr_t)memory & (alignment - 1);
    struct chunk *chunk = chunk_of(memory);
    if (gap) {
        struct chunk *aligned = at(chunk, gap);
        aligned->bytes = chunk->bytes - gap;
        aligned->before = chunk->bytes = gap;
        at(aligned, aligned->bytes)->before = aligned->bytes;
        release(chunk);
        chunk = aligned;
    }
    cut(chunk, bytes_for(bytes));
    return &chunk->next;
}
