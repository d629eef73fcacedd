/* SPDX-License-Identifier: MIT */
/*
 * A program that measures itself twice: by memtrack.h, and by counting each of its own calls. Every
 * region that ends is compared at once, and printed by finish() so that the sums by name can be
 * compared as well:
 *
 *     NAME NET PEAK ALLOCATED_BYTES ALLOCATED_BLOCKS FREED_BYTES OWN_NET OWN_ALLOCATED_BYTES
 *     OWN_ALLOCATED_BLOCKS
 *          DURATION OWN_DURATION KIND MARKED RECURSIVE
 *
 * What is counted here is naive on purpose: an allocation raises the high-water mark of every open
 * region. Durations are those that memtrack_end returned, which must lie between two readings of
 * the clock inside of it and two around it; -1 where the program cannot know: of a region that
 * another one has ended, and the own one around what was attached.
 */
#ifndef TESTS_PROGRAMS_SCOPE_ORACLE_H
#define TESTS_PROGRAMS_SCOPE_ORACLE_H

#include <inttypes.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "memtrack.h"

struct figures {
    int64_t net, blocks, bytes, freed, temporary;
};

struct region {
    memtrack_scope scope;
    const char *name;
    struct region *outer;
    struct figures now;          /* since it began */
    struct figures inner, taken; /* of regions inside; of itself before it was attached here */
    int64_t peak;
    int64_t before_ns, after_ns;                /* around the call that began it */
    int64_t inner_ns;                           /* durations of regions inside; UNKNOWN */
    bool was_attached, is_marked, is_recursive; /* is_recursive: began inside of its like */
    int kind;
};
enum { UNKNOWN = -1 };
enum { OF_THREAD, BY_ERROR, OF_PROCESS }; /* kinds: BY_ERROR was ended by another one */

struct ended {
    const char *name;
    struct figures all, own;
    int64_t peak, duration, own_duration;
    int kind, is_marked, is_recursive;
};
enum { MOST_ENDED = 1 << 16 };
static struct ended ended[MOST_ENDED];
static atomic_uint n_ended;
static atomic_int n_wrong;
static _Thread_local struct region *innermost;
static _Thread_local void *
    latest; /* what the last event of the thread allocated: freed by the next one it is temporary */

static inline int64_t clock_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static inline struct figures minus(struct figures a, struct figures b) {
    return (struct figures){a.net - b.net, a.blocks - b.blocks, a.bytes - b.bytes,
                            a.freed - b.freed, a.temporary - b.temporary};
}

static inline struct figures plus(struct figures a, struct figures b) {
    return (struct figures){a.net + b.net, a.blocks + b.blocks, a.bytes + b.bytes,
                            a.freed + b.freed, a.temporary + b.temporary};
}

static inline void happened(struct figures event) {
    for (struct region *r = innermost; r; r = r->outer) {
        r->now = plus(r->now, event);
        if (r->now.net > r->peak)
            r->peak = r->now.net;
    }
}

static inline void happened_alloc(size_t *block) {
    happened((struct figures){(int64_t)*block, 1, (int64_t)*block, 0, 0});
    latest = block;
}

static inline void happened_free(const size_t *block, size_t bytes) {
    happened((struct figures){-(int64_t)bytes, 0, 0, 1, block == latest});
    latest = NULL;
}

/* A block knows its size: the oracle must not ask the allocator. */
static inline void *take(size_t bytes) {
    size_t *block = malloc(bytes + sizeof *block);
    *block = bytes + sizeof *block;
    happened_alloc(block);
    return block;
}

static inline void give(void *pointer) {
    size_t *block = pointer;
    if (block)
        happened_free(block, *block);
    free(block);
}

static inline void *resize(void *pointer, size_t bytes) {
    size_t *block = pointer, old = *block;
    happened_free(block, old);
    block = realloc(block, bytes + sizeof *block);
    *block = bytes + sizeof *block;
    happened_alloc(block);
    return block;
}

static inline bool is_open(const char *name) {
    for (const struct region *r = innermost; r; r = r->outer)
        if (strcmp(r->name, name) == 0)
            return true;
    return false;
}

static inline void begin(struct region *r, const char *name) {
    *r = (struct region){.name = name, .outer = innermost, .is_recursive = is_open(name)};
    r->before_ns = clock_now();
    if (memtrack_begin(&r->scope, name) != 0)
        n_wrong++;
    r->after_ns = clock_now();
    innermost = r;
}

/* duration_ns: what it counts for the region around it. */
static inline void leave(struct region *r, int64_t duration_ns) {
    struct region *outer = r->outer;
    innermost = outer;
    if (!outer)
        return;
    outer->inner = plus(outer->inner, minus(r->now, r->taken));
    outer->inner_ns = duration_ns == UNKNOWN || outer->inner_ns == UNKNOWN
                          ? UNKNOWN
                          : outer->inner_ns + duration_ns;
}

/* Metadata of its event, wherever it ends. */
static inline void mark(struct region *r) {
    if (memtrack_scope_set(&r->scope, "marked", "yes") != 0)
        n_wrong++;
    r->is_marked = true;
}

static inline void detach(struct region *r) {
    if (memtrack_scope_detach(&r->scope) != 0)
        n_wrong++;
    leave(r, UNKNOWN);
}

static inline void attach(struct region *r) {
    if (memtrack_scope_attach(&r->scope) != 0)
        n_wrong++;
    r->taken = r->now;
    r->outer = innermost;
    r->was_attached = true;
    innermost = r;
}

static inline bool same_figures(const memtrack_delta *d, const struct figures *f, int64_t peak) {
    return d->net_bytes == f->net && d->peak_bytes == peak &&
           (int64_t)d->allocated_bytes == f->bytes && (int64_t)d->allocated_blocks == f->blocks &&
           (int64_t)d->freed_bytes == f->bytes - f->net && (int64_t)d->freed_blocks == f->freed &&
           d->net_blocks == f->blocks - f->freed && (int64_t)d->temporary_blocks == f->temporary;
}

static inline void tell(const char *name, const memtrack_delta *d, const struct figures *f,
                        int64_t peak) {
    n_wrong++;
    fprintf(stderr,
            "%s: net %" PRId64 " peak %" PRId64 " allocated %" PRIu64 " in %" PRIu64
            " freed %" PRIu64 " in %" PRIu64 " temporary %" PRIu64 ", counted net %" PRId64
            " peak %" PRId64 " allocated %" PRId64 " in %" PRId64 " freed %" PRId64 " in %" PRId64
            " temporary %" PRId64 "\n",
            name, d->net_bytes, d->peak_bytes, d->allocated_bytes, d->allocated_blocks,
            d->freed_bytes, d->freed_blocks, d->temporary_blocks, f->net, peak, f->bytes, f->blocks,
            f->bytes - f->net, f->freed, f->temporary);
}

static inline void note_ended(const struct region *r, int64_t duration_ns, int kind) {
    bool is_known = duration_ns != UNKNOWN && r->inner_ns != UNKNOWN;
    unsigned i = n_ended++;
    if (i < MOST_ENDED)
        ended[i] =
            (struct ended){r->name, r->now,       minus(r->now, r->inner),
                           r->peak, duration_ns,  is_known ? duration_ns - r->inner_ns : UNKNOWN,
                           kind,    r->is_marked, r->is_recursive};
}

static inline void check_ended(const struct region *r, const memtrack_delta *d, int64_t before_ns) {
    int64_t duration_ns = (int64_t)d->duration_ns, least = before_ns - r->after_ns,
            most = clock_now() - r->before_ns;
    if (!same_figures(d, &r->now, r->peak))
        tell(r->name, d, &r->now, r->peak);
    if (duration_ns < least || duration_ns > most) {
        fprintf(stderr, "%s: %" PRId64 " ns, not %" PRId64 " to %" PRId64 "\n", r->name,
                duration_ns, least, most);
        n_wrong++;
    }
    note_ended(r, duration_ns, r->kind);
}

/* Regions inside of r that are still open end with it, by error. */
static inline void end(struct region *r) {
    memtrack_delta d;
    int64_t before_ns = clock_now();
    if (memtrack_end(&r->scope, &d) != (innermost == r ? 0 : -MEMTRACK_EORDER))
        n_wrong++;
    for (struct region *inner; (inner = innermost) != r;) {
        leave(inner, UNKNOWN);
        note_ended(inner, UNKNOWN, BY_ERROR);
    }
    leave(r, r->was_attached ? UNKNOWN : (int64_t)d.duration_ns);
    check_ended(r, &d, before_ns);
}

static inline void end_detached(struct region *r) {
    memtrack_delta d;
    int64_t before_ns = clock_now();
    if (memtrack_end(&r->scope, &d) != 0)
        n_wrong++;
    check_ended(r, &d, before_ns);
}

/* A small generator: the same course on every machine. */
static inline unsigned pick(uint64_t *seed, unsigned below) {
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(*seed >> 33) % below;
}

static inline int finish(void) {
    for (unsigned i = 0; i < n_ended && i < MOST_ENDED; i++) {
        const struct ended *e = &ended[i];
        printf("%s %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64
               " %" PRId64 " %" PRId64 " %" PRId64 " %d %d %d\n",
               e->name, e->all.net, e->peak, e->all.bytes, e->all.blocks, e->all.bytes - e->all.net,
               e->own.net, e->own.bytes, e->own.blocks, e->duration, e->own_duration, e->kind,
               e->is_marked, e->is_recursive);
    }
    if (n_wrong || n_ended > MOST_ENDED)
        fprintf(stderr, "%d wrong, %u ended\n", n_wrong, n_ended);
    return n_wrong || n_ended > MOST_ENDED;
}

#endif
