/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
/*
 * Eight threads with regions of the same names, which free each other's blocks, inside of regions
 * of the whole process that overlap. Threads begin before the first of these and end after the
 * last: their stacks are not measured.
 */
#include <pthread.h>

#include "scope_oracle.h"

enum { THREADS = 8, ROUNDS = 300, SHARED = 32 };

static _Atomic(void *) shared[SHARED];
static pthread_barrier_t barrier;
static atomic_llong live, allocated, n_allocated;

static void *counted(size_t bytes) {
    void *block = take(bytes);
    live += (long long)*(size_t *)block;
    allocated += (long long)*(size_t *)block;
    n_allocated++;
    return block;
}

static void release(void *block) {
    if (block)
        live -= (long long)*(size_t *)block;
    give(block);
}

static void round_of(uint64_t *seed) {
    struct region outer, inner;
    begin(&outer, "request");
    void *own = counted(pick(seed, 5000));
    begin(&inner, pick(seed, 2) ? "decode" : "store");
    release(atomic_exchange(&shared[pick(seed, SHARED)], counted(pick(seed, 100000))));
    end(&inner);
    release(own);
    end(&outer);
}

static void *run(void *argument) {
    uint64_t seed = (uint64_t)(uintptr_t)argument;
    pthread_barrier_wait(&barrier);
    for (int i = 0; i < ROUNDS; i++)
        round_of(&seed);
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier); /* until the process's regions have ended */
    return NULL;
}

/* What was live in between is not known here, but what it is at the end. */
static void expect(const memtrack_delta *d, const char *name) {
    if (d->net_bytes != live || (long long)d->allocated_bytes != allocated ||
        (long long)d->allocated_blocks != n_allocated || d->peak_bytes < d->net_bytes) {
        fprintf(stderr, "%s: net %" PRId64 " of %lld, allocated %" PRIu64 " of %lld\n", name,
                d->net_bytes, (long long)live, d->allocated_bytes, (long long)allocated);
        n_wrong++;
    }
}

int main(void) {
    static memtrack_scope first, second;
    pthread_t thread[THREADS];
    memtrack_delta delta[2];
    pthread_barrier_init(&barrier, NULL, THREADS + 1);
    for (uintptr_t i = 0; i < THREADS; i++)
        pthread_create(&thread[i], NULL, run, (void *)(i + 1));
    n_wrong += memtrack_begin_process(&first, "phase") != 0;
    n_wrong += memtrack_begin_process(&second, "half") != 0;
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    n_wrong += memtrack_end(&first, &delta[0]) != 0; /* not the one that began last */
    n_wrong += memtrack_end(&second, &delta[1]) != 0;
    expect(&delta[0], "phase");
    expect(&delta[1], "half");
    pthread_barrier_wait(&barrier);
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    return finish();
}
