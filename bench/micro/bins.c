/* SPDX-License-Identifier: MIT */
/*
 * Each thread keeps 1024 blocks and replaces a random one, over and over; the sizes run from 16
 * bytes to 32 KiB with probability falling as the square, so that most requests are served from the
 * allocator's per-thread cache. Two threads share nothing at all: whatever they lose against one
 * thread under a tracker, the tracker made them share.
 *
 * usage: bins [THREADS [SECONDS]]
 */
#include "micro.h"

#include <pthread.h>
#include <stdatomic.h>

#define BLOCKS       1024
#define SIZES        8192
#define LEAST_SIZE   16
#define MOST_SIZE    32768
#define MOST_THREADS 64

struct worker {
    pthread_t thread;
    uint64_t state;
    uint64_t done;
    char padding[128 - 3 * 8]; /* counters of different threads must not share a line */
};

static struct worker workers[MOST_THREADS];
static uint32_t sizes[SIZES];
static atomic_bool stop;

/* Inverse of the distribution function of 1/x^2 on [LEAST_SIZE, MOST_SIZE]. */
static void choose_sizes(void) {
    for (int i = 0; i < SIZES; i++) {
        double u = (i + 0.5) / SIZES;
        sizes[i] = (uint32_t)(LEAST_SIZE / (1 - u * (1 - (double)LEAST_SIZE / MOST_SIZE)));
    }
}

static NOINLINE void replace(struct worker *w, void **blocks) {
    void **block = &blocks[random_below(&w->state, BLOCKS)];
    free(*block);
    *block = need(malloc(sizes[random_below(&w->state, SIZES)]));
}

static void *work(void *argument) {
    struct worker *w = argument;
    void **blocks = need(calloc(BLOCKS, sizeof *blocks));
    while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
        for (int i = 0; i < 1000; i++)
            replace(w, blocks);
        w->done += 1000;
    }
    for (int i = 0; i < BLOCKS; i++)
        free(blocks[i]);
    free(blocks);
    return NULL;
}

int main(int argc, char **argv) {
    long threads = argument(argc, argv, 1, 1, 1, MOST_THREADS);
    double seconds = argc > 2 ? atof(argv[2]) : 2;
    struct timespec wait = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    choose_sizes();
    double begin = now_s();
    for (long i = 0; i < threads; i++) {
        workers[i].state = random_seed((uint64_t)i);
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0)
            return 1;
    }
    nanosleep(&wait, NULL);
    atomic_store(&stop, 1);
    uint64_t done = 0;
    for (long i = 0; i < threads; i++) {
        pthread_join(workers[i].thread, NULL);
        done += workers[i].done;
    }
    print_throughput((double)done, now_s() - begin);
    return 0;
}
