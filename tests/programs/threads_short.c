/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
// libs: -lpthread
/* Many threads one after the other, each with two allocations of which one outlives it:
 * `threads_short [N]`. */
#include "target.h"
#include <pthread.h>

static void *work(void *unused) {
    (void)unused;
    free(need(malloc(100)));
    return need(malloc(24));
}

int main(int argc, char **argv) {
    int n = argc > 1 ? atoi(argv[1]) : 1000;
    for (int i = 0; i < n; i++) {
        pthread_t thread;
        void *result;
        if (pthread_create(&thread, NULL, work, NULL))
            die("pthread_create");
        pthread_join(thread, &result);
        if (i % 2)
            free(result);
    }
    printf("%d threads\n", n);
    return 0;
}
