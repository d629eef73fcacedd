/* SPDX-License-Identifier: MIT */
// flags: -O0 -g -fno-builtin -fno-optimize-sibling-calls -pthread
/* Allocations at known depths: below(N) allocates 10000 + N bytes beneath N + 1 frames of below.
 * From main, in a thread (20000 + N), and in a signal handler that has interrupted the frames of
 * below (30000 + N). */
#include "target.h"
#include <pthread.h>
#include <signal.h>

enum { MAIN = 10000, THREAD = 20000, HANDLER = 30000, EACH = 3 };
static const int depths[] = {0, 1, 6, 7, 8, 40, 62, 63, 64, 200, 250, 900, 6000};
static volatile int in_handler;

static void below(int left, int bytes) {
    if (left > 0)
        below(left - 1, bytes);
    else if (in_handler)
        raise(SIGUSR1);
    else if (bytes < THREAD)
        keep(need(malloc((size_t)bytes)));
    else /* another line: equal frames of equal depth would be one path */
        keep(need(malloc((size_t)bytes)));
}

static void all(int base) {
    for (int i = 0; i < EACH; i++)
        for (size_t d = 0; d < sizeof depths / sizeof *depths; d++)
            below(depths[d], base + depths[d]);
}

static void *in_thread(void *unused) {
    all(THREAD);
    return unused;
}

static void on_signal(int number) {
    (void)number;
    keep(need(malloc((size_t)(HANDLER + in_handler))));
}

int main(void) {
    pthread_t thread;
    all(MAIN);
    if (pthread_create(&thread, NULL, in_thread, NULL) != 0)
        die("no thread");
    pthread_join(thread, NULL);
    signal(SIGUSR1, on_signal);
    for (int i = 0; i < EACH; i++)
        for (size_t d = 1; d < sizeof depths / sizeof *depths; d++) {
            in_handler = depths[d];
            below(depths[d], 0);
        }
    return 0;
}
