/* SPDX-License-Identifier: MIT */
// flags: -O0 -g -fno-builtin -fno-optimize-sibling-calls
/* Allocations at the bottom of a very deep stack, on the way down and on the way up again. Needs
 * about 10 MB of stack for the default depth, so it runs in a thread that has them. */
#include "target.h"
#include <pthread.h>

static int depth = 100000;

static int sink(int level) {
    void *here = level % 5000 == 0 ? need(malloc(100)) : NULL;
    int below;
    if (level == depth) {
        for (int i = 0; i < 20; i++)
            keep(need(malloc(10)));
        below = 0;
    } else {
        below = sink(level + 1);
    }
    free(here);
    return below + 1;
}

static void *run(void *result) {
    *(int *)result = sink(0);
    return NULL;
}

int main(int argc, char **argv) {
    if (argc > 1)
        depth = atoi(argv[1]);
    pthread_attr_t attributes;
    pthread_t thread;
    int result = 0;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, (size_t)64 << 20);
    if (pthread_create(&thread, &attributes, run, &result))
        die("no thread with 64 MiB of stack");
    pthread_join(thread, NULL);
    printf("%d levels\n", result);
    return 0;
}
