/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
// libs: -lpthread
/* Thread-specific destructors that allocate and free in all rounds that libc grants them, after the
 * thread's own end. Prints the exact totals. */
#include "target.h"
#include <limits.h>
#include <pthread.h>

static pthread_key_t key;
static _Atomic unsigned long blocks, freed;

static void *block(void) {
    blocks++;
    return need(malloc(40));
}

static void destroy(void *value) {
    free(value);
    freed++;
    free(block());
    freed++;
    pthread_setspecific(
        key, block()); /* keeps the destructors running until the limit; the last one leaks */
}

static void *work(void *unused) {
    pthread_setspecific(key, block());
    return unused;
}

int main(void) {
    static char buffer[256];
    setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    pthread_key_create(&key, destroy);
    for (int i = 0; i < 100; i++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, work, NULL))
            die("pthread_create");
        pthread_join(thread, NULL);
    }
    printf("blocks %lu freed %lu rounds %d\n", blocks, freed, PTHREAD_DESTRUCTOR_ITERATIONS);
    return 0;
}
