/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
// libs: -lpthread
/*
 * Threads that allocate, grow and free as fast as they can, hand blocks to one another, and count
 * what they do: `threads_churn [THREADS [ROUNDS]]` prints the exact totals that a tracker must see.
 * Every malloc, calloc, realloc and posix_memalign that succeeds is an allocation of the requested
 * bytes, a realloc is a free as well.
 *
 * A block carries its requested size in its first eight bytes. Slots are exchanged atomically
 * between the threads, so that many blocks die in another thread than the one that made them.
 */
#include "target.h"
#include <pthread.h>
#include <stdatomic.h>

enum { SLOTS = 512, MAX_THREADS = 64 };

struct tally {
    uint64_t blocks, bytes, freed_blocks, freed_bytes;
};

static _Atomic(uint64_t *) slot[SLOTS];
static long rounds = 20000;

static void *count(struct tally *tally, void *fresh, uint64_t bytes) {
    uint64_t *block = need(fresh);
    *block = bytes;
    tally->blocks++;
    tally->bytes += bytes;
    return block;
}

static void forget(struct tally *tally, uint64_t bytes) {
    tally->freed_blocks++;
    tally->freed_bytes += bytes;
}

static void *make(struct tally *tally, uint32_t random, uint64_t bytes) {
    void *block = NULL;
    switch (random & 3) {
    case 0:
        return count(tally, calloc(1, bytes), bytes);
    case 1:
        if (posix_memalign(&block, 64, bytes))
            die("posix_memalign");
        return count(tally, block, bytes);
    default:
        return count(tally, malloc(bytes), bytes);
    }
}

static void drop(struct tally *tally, uint64_t *block) {
    if (!block)
        return;
    forget(tally, *block);
    free(block);
}

static void *churn(void *argument) {
    struct tally *tally = argument;
    uint64_t state = (uint64_t)(tally->blocks + 1);
    tally->blocks = 0;
    for (long i = 0; i < rounds; i++) {
        uint32_t random = next_random(&state);
        uint64_t bytes = 8 + (random >> 4) % (random % 50 ? 400 : 100000);
        uint64_t *mine = atomic_exchange(&slot[next_random(&state) % SLOTS], NULL);
        if (mine && random % 3 == 0) {
            uint64_t old = *mine;
            mine = count(tally, realloc(mine, bytes), bytes);
            forget(tally, old);
        } else {
            drop(tally, mine);
            mine = make(tally, random, bytes);
        }
        drop(tally, atomic_exchange(&slot[next_random(&state) % SLOTS], mine));
    }
    return NULL;
}

int main(int argc, char **argv) {
    static struct tally tally[MAX_THREADS];
    pthread_t thread[MAX_THREADS];
    struct tally sum = {0};
    int n = argc > 1 ? atoi(argv[1]) : 8;
    rounds = argc > 2 ? atol(argv[2]) : rounds;
    if (n < 1 || n > MAX_THREADS)
        die("1 to %d threads", MAX_THREADS);
    for (int i = 0; i < n; i++) {
        tally[i].blocks = (uint64_t)i; /* the seed */
        if (pthread_create(&thread[i], NULL, churn, &tally[i]))
            die("pthread_create");
    }
    for (int i = 0; i < n; i++) {
        pthread_join(thread[i], NULL);
        sum.blocks += tally[i].blocks;
        sum.bytes += tally[i].bytes;
        sum.freed_blocks += tally[i].freed_blocks;
        sum.freed_bytes += tally[i].freed_bytes;
    }
    static char buffer[256]; /* stdio must not allocate */
    setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    printf("blocks %lu bytes %lu freed %lu freed_bytes %lu\n", sum.blocks, sum.bytes,
           sum.freed_blocks, sum.freed_bytes);
    return 0;
}
