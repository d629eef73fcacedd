/* SPDX-License-Identifier: MIT */
/*
 * A program that measures itself twice: by memtrack.h, and by counting each of its own calls. Every region that ends is
 * compared at once, and printed by finish() so that the sums by name can be compared as well:
 *
 *     NAME NET PEAK ALLOCATED_BYTES ALLOCATED_BLOCKS FREED_BYTES OWN_NET OWN_ALLOCATED_BYTES OWN_ALLOCATED_BLOCKS
 *
 * What is counted here is naive on purpose: an allocation raises the high-water mark of every open region.
 */
#ifndef TESTS_PROGRAMS_SCOPE_ORACLE_H
#define TESTS_PROGRAMS_SCOPE_ORACLE_H

#include <inttypes.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memtrack.h"

struct figures {
    int64_t net, blocks, bytes;
};

struct region {
    memtrack_scope scope;
    const char *name;
    struct region *outer;
    struct figures now;          /* since it began */
    struct figures inner, taken; /* of regions inside; of itself before it was attached here */
    int64_t peak;
};

struct ended {
    const char *name;
    struct figures all, own;
    int64_t peak;
};
enum { MOST_ENDED = 1 << 16 };
static struct ended ended[MOST_ENDED];
static atomic_uint n_ended;
static atomic_int n_wrong;
static _Thread_local struct region *innermost;

static inline struct figures minus(struct figures a, struct figures b) {
    return (struct figures){a.net - b.net, a.blocks - b.blocks, a.bytes - b.bytes};
}

static inline void happened(int64_t net, int64_t blocks, int64_t bytes) {
    for (struct region *r = innermost; r; r = r->outer) {
        r->now.net += net;
        r->now.blocks += blocks;
        r->now.bytes += bytes;
        if (r->now.net > r->peak)
            r->peak = r->now.net;
    }
}

/* A block knows its size: the oracle must not ask the allocator. */
static inline void *take(size_t bytes) {
    size_t *block = malloc(bytes + sizeof *block);
    *block = bytes + sizeof *block;
    happened((int64_t)*block, 1, (int64_t)*block);
    return block;
}

static inline void give(void *pointer) {
    size_t *block = pointer;
    if (block)
        happened(-(int64_t)*block, 0, 0);
    free(block);
}

static inline void *resize(void *pointer, size_t bytes) {
    size_t *block = pointer, old = *block;
    block = realloc(block, bytes + sizeof *block);
    *block = bytes + sizeof *block;
    happened(-(int64_t)old, 0, 0);
    happened((int64_t)*block, 1, (int64_t)*block);
    return block;
}

static inline void begin(struct region *r, const char *name) {
    if (memtrack_begin(&r->scope, name) != 0)
        n_wrong++;
    r->name = name;
    r->outer = innermost;
    r->now = r->inner = r->taken = (struct figures){0, 0, 0};
    r->peak = 0;
    innermost = r;
}

static inline void leave(struct region *r) {
    struct figures here = minus(r->now, r->taken);
    innermost = r->outer;
    if (r->outer) {
        r->outer->inner.net += here.net;
        r->outer->inner.blocks += here.blocks;
        r->outer->inner.bytes += here.bytes;
    }
}

static inline void detach(struct region *r) {
    if (memtrack_scope_detach(&r->scope) != 0)
        n_wrong++;
    leave(r);
}

static inline void attach(struct region *r) {
    if (memtrack_scope_attach(&r->scope) != 0)
        n_wrong++;
    r->taken = r->now;
    r->outer = innermost;
    innermost = r;
}

static inline void compare(const struct region *r, const memtrack_delta *d) {
    bool same = d->net_bytes == r->now.net && d->peak_bytes == r->peak && (int64_t)d->allocated_bytes == r->now.bytes &&
                (int64_t)d->allocated_blocks == r->now.blocks && (int64_t)d->freed_bytes == r->now.bytes - r->now.net;
    if (same)
        return;
    n_wrong++;
    fprintf(stderr,
            "%s: net %" PRId64 " peak %" PRId64 " allocated %" PRIu64 " in %" PRIu64 " freed %" PRIu64
            ", counted net %" PRId64 " peak %" PRId64 " allocated %" PRId64 " in %" PRId64 "\n",
            r->name, d->net_bytes, d->peak_bytes, d->allocated_bytes, d->allocated_blocks, d->freed_bytes, r->now.net,
            r->peak, r->now.bytes, r->now.blocks);
}

static inline void end(struct region *r) {
    memtrack_delta delta;
    if (memtrack_end(&r->scope, &delta) != 0)
        n_wrong++;
    leave(r);
    compare(r, &delta);
    unsigned i = n_ended++;
    if (i < MOST_ENDED)
        ended[i] = (struct ended){r->name, r->now, minus(r->now, r->inner), r->peak};
}

/* A small generator: the same course on every machine. */
static inline unsigned pick(uint64_t *seed, unsigned below) {
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(*seed >> 33) % below;
}

static inline int finish(void) {
    for (unsigned i = 0; i < n_ended && i < MOST_ENDED; i++) {
        const struct ended *e = &ended[i];
        printf("%s %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 "\n",
               e->name, e->all.net, e->peak, e->all.bytes, e->all.blocks, e->all.bytes - e->all.net, e->own.net,
               e->own.bytes, e->own.blocks);
    }
    if (n_wrong || n_ended > MOST_ENDED)
        fprintf(stderr, "%d wrong, %u ended\n", n_wrong, n_ended);
    return n_wrong || n_ended > MOST_ENDED;
}

#endif
