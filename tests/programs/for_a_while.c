/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
/* Allocates until it is not recorded any more, and then some. Executes its argument after that. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "memtrack.h"

static __attribute__((noinline)) void *early(void) {
    return malloc(1000);
}

static __attribute__((noinline)) void *late(void) {
    return malloc(3000);
}

int main(int argc, char **argv) {
    static char buffer[BUFSIZ];
    const struct timespec nap = {.tv_nsec = 1000000};
    void *first = early();
    int n = 1;
    setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    for (; memtrack_is_tracing() == 1; n++) {
        free(early());
        nanosleep(&nap, NULL);
    }
    for (int i = 0; i < 100; i++)
        if (late() == NULL)
            return 1;
    free(first);
    printf("%d before\n", n);
    fflush(stdout);
    if (argc > 1)
        execv(argv[1], argv + 1);
    return 0;
}
