/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
// libs: -lpthread
/* Threads on the smallest stack that libc allows, many of them alive at once, which allocate near
 * the stack's end. */
#include "target.h"
#include <limits.h>
#include <pthread.h>
#include <unistd.h>

enum { THREADS = 200 };
static pthread_barrier_t barrier;

static void *work(void *unused) {
    (void)unused;
    void *block[20];
    for (size_t i = 0; i < 20; i++)
        block[i] = need(malloc(i * 10));
    pthread_barrier_wait(&barrier);
    for (int i = 0; i < 20; i++)
        free(block[i]);
    return NULL;
}

int main(void) {
    pthread_attr_t attributes;
    pthread_t thread[THREADS];
    pthread_attr_init(&attributes);
    if (pthread_attr_setstacksize(&attributes, (size_t)sysconf(_SC_THREAD_STACK_MIN)))
        die("setstacksize");
    pthread_barrier_init(&barrier, NULL, THREADS);
    for (int i = 0; i < THREADS; i++)
        if (pthread_create(&thread[i], &attributes, work, NULL))
            die("pthread_create");
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    printf("%d threads of the smallest stack\n", THREADS);
    return 0;
}
