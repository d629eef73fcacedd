/* SPDX-License-Identifier: MIT */
/* tracing: start, stop, totals, peak. The example of docs/coming-from-python.md. */
#include <memtrack.h>
#include <stdio.h>
#include <stdlib.h>

static char *volatile kept;

static void show(const char *when) {
    uint64_t current, peak;
    memtrack_get_traced_memory(&current, &peak);
    printf("%-14s current %llu, peak %llu\n", when, (unsigned long long)current,
           (unsigned long long)peak);
}

int main(void) {
    static char line[BUFSIZ];
    setvbuf(stdout, line, _IOLBF, sizeof line); /* so that stdio allocates nothing */
    printf("is_tracing     %d, call paths of at most %d frames\n", memtrack_is_tracing(),
           memtrack_get_traceback_limit());
    memtrack_clear_traces();
    kept = malloc(1000);
    free(malloc(5000));
    show("after work");
    memtrack_reset_peak();
    show("reset_peak");
    memtrack_stop();
    kept = malloc(100000);
    show("stopped");
    memtrack_start();
    kept = malloc(300);
    show("started again");
    memtrack_clear_traces();
    show("clear_traces");
    printf("recording costs memory: %s\n", memtrack_get_overhead() ? "yes" : "no");
    return 0;
}
