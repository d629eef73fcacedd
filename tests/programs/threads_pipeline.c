/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
// libs: -lpthread
/* One producer allocates, one consumer frees: no block is freed by the thread that made it. Three
 * of each kind. */
#include "target.h"
#include <pthread.h>

enum { PAIRS = 3, DEPTH = 64, ITEMS = 20000 };

struct queue {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    void *item[DEPTH];
    unsigned head, tail;
};

static struct queue queue[PAIRS];

static void put(struct queue *q, void *item) {
    pthread_mutex_lock(&q->lock);
    while (q->head - q->tail == DEPTH)
        pthread_cond_wait(&q->changed, &q->lock);
    q->item[q->head++ % DEPTH] = item;
    pthread_cond_broadcast(&q->changed);
    pthread_mutex_unlock(&q->lock);
}

static void *take(struct queue *q) {
    pthread_mutex_lock(&q->lock);
    while (q->head == q->tail)
        pthread_cond_wait(&q->changed, &q->lock);
    void *item = q->item[q->tail++ % DEPTH];
    pthread_cond_broadcast(&q->changed);
    pthread_mutex_unlock(&q->lock);
    return item;
}

static void *produce(void *argument) {
    for (size_t i = 0; i < ITEMS; i++)
        put(argument, need(malloc(16 + i % 100)));
    put(argument, NULL);
    return NULL;
}

static void *consume(void *argument) {
    for (void *item; (item = take(argument));)
        free(item);
    return NULL;
}

int main(void) {
    pthread_t thread[2 * PAIRS];
    for (int i = 0; i < PAIRS; i++) {
        pthread_mutex_init(&queue[i].lock, NULL);
        pthread_cond_init(&queue[i].changed, NULL);
        if (pthread_create(&thread[2 * i], NULL, produce, &queue[i]) ||
            pthread_create(&thread[2 * i + 1], NULL, consume, &queue[i]))
            die("pthread_create");
    }
    for (int i = 0; i < 2 * PAIRS; i++)
        pthread_join(thread[i], NULL);
    printf("%d items\n", PAIRS * ITEMS);
    return 0;
}
