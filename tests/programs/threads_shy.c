/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
/*
 * Eight threads hold 30,000 bytes each at one time, 100 at a time, and free them one after the
 * other: little enough for each to go unnoticed, and a peak of 240,000 bytes.
 */
#include <pthread.h>

#include "memtrack.h"
#include "target.h"

enum { THREADS = 8, BLOCKS = 300, BYTES = 100 };

static pthread_barrier_t barrier;

/* The program is told what all hold, and a peak that is not below it. */
static void ask(void) {
    uint64_t current, peak;
    memtrack_get_traced_memory(&current, &peak);
    if (memtrack_is_tracing() && (current < THREADS * BLOCKS * BYTES || peak < current))
        die("%lu bytes now, %lu at most", (unsigned long)current, (unsigned long)peak);
}

static void *run(void *argument) {
    void *block[BLOCKS];
    for (int i = 0; i < 2; i++) { /* all are known before the first allocates much */
        free(need(malloc(BYTES)));
        pthread_barrier_wait(&barrier);
    }
    for (int i = 0; i < BLOCKS; i++)
        block[i] = need(malloc(BYTES));
    if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD)
        ask();
    pthread_barrier_wait(&barrier);
    for (int i = 0; i < BLOCKS; i++)
        free(block[i]);
    return argument;
}

int main(void) {
    pthread_t thread[THREADS];
    pthread_barrier_init(&barrier, NULL, THREADS);
    for (int i = 0; i < THREADS; i++)
        pthread_create(&thread[i], NULL, run, NULL);
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    return 0;
}
