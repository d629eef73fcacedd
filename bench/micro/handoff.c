/* SPDX-License-Identifier: MIT */
/*
 * Pairs of threads: one allocates batches of 64-byte blocks, the other frees them, through a queue
 * of bounded length. Every free is done by another thread than the allocation, the pattern in which
 * a per-thread table of live blocks would fail. Runs for a given time and prints the blocks freed a
 * second. Noisy by nature: who waits for whom is up to the scheduler.
 *
 * usage: handoff [PAIRS [SECONDS]]
 */
#include "micro.h"

#include <pthread.h>
#include <stdatomic.h>

#define BATCH      4096
#define QUEUE      16
#define MOST_PAIRS 64

struct batch {
    void *blocks[BATCH];
};

struct queue {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct batch *batches[QUEUE];
    int n;
    uint64_t freed;
    pthread_t threads[2];
};

static struct queue queues[MOST_PAIRS];
static atomic_bool stop;

static void put(struct queue *q, struct batch *b) {
    pthread_mutex_lock(&q->lock);
    while (q->n == QUEUE)
        pthread_cond_wait(&q->changed, &q->lock);
    q->batches[q->n++] = b;
    pthread_cond_broadcast(&q->changed);
    pthread_mutex_unlock(&q->lock);
}

static struct batch *take(struct queue *q) {
    pthread_mutex_lock(&q->lock);
    while (q->n == 0)
        pthread_cond_wait(&q->changed, &q->lock);
    struct batch *b = q->batches[--q->n];
    pthread_cond_broadcast(&q->changed);
    pthread_mutex_unlock(&q->lock);
    return b;
}

static NOINLINE struct batch *fill(void) {
    struct batch *b = need(malloc(sizeof *b));
    for (int i = 0; i < BATCH; i++)
        b->blocks[i] = need(malloc(64));
    return b;
}

static NOINLINE void empty(struct batch *b) {
    for (int i = 0; i < BATCH; i++)
        free(b->blocks[i]);
    free(b);
}

static void *allocate(void *argument) {
    struct queue *q = argument;
    while (!atomic_load(&stop))
        put(q, fill());
    put(q, NULL);
    return NULL;
}

static void *release(void *argument) {
    struct queue *q = argument;
    struct batch *b;
    int ended = 0;
    /* The queue is a stack: batches may still lie below the mark of the end. */
    while (!ended || q->n > 0) {
        b = take(q);
        if (!b) {
            ended = 1;
            continue;
        }
        empty(b);
        q->freed += BATCH;
    }
    return NULL;
}

int main(int argc, char **argv) {
    long pairs = argument(argc, argv, 1, 1, 1, MOST_PAIRS);
    double seconds = argc > 2 ? atof(argv[2]) : 2, begin = now_s();
    struct timespec wait = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    for (long i = 0; i < pairs; i++) {
        pthread_mutex_init(&queues[i].lock, NULL);
        pthread_cond_init(&queues[i].changed, NULL);
        if (pthread_create(&queues[i].threads[0], NULL, allocate, &queues[i]) != 0 ||
            pthread_create(&queues[i].threads[1], NULL, release, &queues[i]) != 0)
            return 1;
    }
    nanosleep(&wait, NULL);
    atomic_store(&stop, 1);
    uint64_t freed = 0;
    for (long i = 0; i < pairs; i++) {
        pthread_join(queues[i].threads[0], NULL);
        pthread_join(queues[i].threads[1], NULL);
        freed += queues[i].freed;
    }
    print_throughput((double)freed, now_s() - begin);
    return 0;
}
