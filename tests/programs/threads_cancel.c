/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
// libs: -lpthread
/* Threads that end by pthread_cancel and pthread_exit in the middle of allocating, with cleanup
 * handlers that free; main ends by pthread_exit, before its last thread. */
#include "target.h"
#include <pthread.h>
#include <semaphore.h>

static sem_t started;

static void *cancelled(void *unused) {
    void *block = need(malloc(300));
    pthread_cleanup_push(free, block);
    sem_post(&started);
    for (;;) {
        free(need(malloc(50)));
        pthread_testcancel();
    }
    pthread_cleanup_pop(1);
    return unused;
}

static void *leaves(void *unused) {
    void *block = need(malloc(60));
    pthread_cleanup_push(free, block);
    pthread_exit(unused);
    pthread_cleanup_pop(1);
}

static void *last(void *main_thread) {
    pthread_join(*(pthread_t *)main_thread, NULL);
    free(main_thread);
    free(need(malloc(77)));
    puts("last thread");
    return NULL;
}

int main(void) {
    pthread_t thread, *self = need(malloc(sizeof *self));
    *self = pthread_self();
    sem_init(&started, 0, 0);
    for (int i = 0; i < 50; i++) {
        if (pthread_create(&thread, NULL, i % 2 ? cancelled : leaves, NULL))
            die("pthread_create");
        if (i % 2) {
            sem_wait(&started);
            pthread_cancel(thread);
        }
        pthread_join(thread, NULL);
    }
    if (pthread_create(&thread, NULL, last, self))
        die("pthread_create");
    pthread_exit(NULL);
}
