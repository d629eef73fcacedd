/* SPDX-License-Identifier: MIT */
/*
 * Rounds of threads: in each round new threads start, allocate blocks in bursts, keep some for a
 * while, exchange others through a table that all threads share (so that many are freed by another
 * thread than their own), free what is left and end. The sizes are mostly tens of bytes with a tail
 * up to some kilobytes. For a tracker this is thread start and end, remote frees and contention on
 * few shared lines.
 *
 * usage: stress [THREADS [ROUNDS]]
 */
#include "micro.h"

#include <pthread.h>
#include <stdatomic.h>

#define SHARED       4000
#define BURSTS       300
#define BURST        64
#define KEPT         6000
#define MOST_THREADS 64

static _Atomic(void *) shared[SHARED];

struct worker {
    pthread_t thread;
    uint64_t state;
    uint64_t blocks;
};

static NOINLINE uint64_t *allocate(struct worker *w) {
    uint32_t bits = next_random(&w->state);
    size_t words = 1 + bits % 16;
    for (uint32_t rare = bits >> 16; words < 1024 && rare % 4 == 0; rare /= 4)
        words *= 4;
    uint64_t *block =
        need(bits & 0x100 ? calloc(words, sizeof *block) : malloc(words * sizeof *block));
    block[0] = words;
    for (size_t i = 1; i < words; i++)
        block[i] = words ^ i;
    w->blocks++;
    return block;
}

/* A block that another thread changed or freed would not hold what was written. */
static NOINLINE void release(uint64_t *block) {
    if (!block)
        return;
    for (size_t i = 1; i < block[0]; i++)
        if (block[i] != (block[0] ^ i))
            abort();
    free(block);
}

static NOINLINE void exchange(struct worker *w, uint64_t *block) {
    release(atomic_exchange(&shared[random_below(&w->state, SHARED)], block));
}

static void *work(void *argument) {
    struct worker *w = argument;
    uint64_t **kept = need(calloc(KEPT, sizeof *kept));
    for (int burst = 0; burst < BURSTS; burst++) {
        uint64_t *blocks[BURST];
        for (int i = 0; i < BURST; i++)
            blocks[i] = allocate(w);
        for (int i = 0; i < BURST; i++) {
            uint32_t fate = next_random(&w->state) % 8;
            uint64_t **place = &kept[random_below(&w->state, KEPT)];
            if (fate == 0) {
                exchange(w, blocks[i]);
            } else if (fate < 3) {
                release(*place);
                *place = blocks[i];
            } else {
                release(blocks[i]);
            }
        }
    }
    for (int i = 0; i < KEPT; i++)
        release(kept[i]);
    free(kept);
    return NULL;
}

int main(int argc, char **argv) {
    long threads = argument(argc, argv, 1, 2, 1, MOST_THREADS),
         rounds = argument(argc, argv, 2, 160, 1, 1000000);
    static struct worker workers[MOST_THREADS];
    uint64_t blocks = 0;
    for (long round = 0; round < rounds; round++) {
        for (long i = 0; i < threads; i++) {
            workers[i].state = random_seed((uint64_t)(round * threads + i));
            workers[i].blocks = 0;
            if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0)
                return 1;
        }
        for (long i = 0; i < threads; i++) {
            pthread_join(workers[i].thread, NULL);
            blocks += workers[i].blocks;
        }
    }
    for (int i = 0; i < SHARED; i++)
        release(atomic_exchange(&shared[i], NULL));
    printf("%ld threads, %ld rounds, %llu blocks\n", threads, rounds, (unsigned long long)blocks);
    return 0;
}
