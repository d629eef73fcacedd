/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
/*
 * Regions that the program never ends: outer and inner of the first thread, left of two threads
 * that have ended before, all of the process. Then it ends as the argument says: exit, kill, or
 * wait, which says "open" and waits for the end of the standard input.
 */
#include <memtrack.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void *kept[8];

static void *leave(void *unused) {
    memtrack_scope left;
    memtrack_begin(&left, "left");
    kept[2] = malloc(300);
    return unused;
}

static void run_thread(void) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, leave, NULL) != 0 || pthread_join(thread, NULL) != 0)
        abort();
}

int main(int argc, char **argv) {
    static memtrack_scope all, outer, inner;
    run_thread();
    run_thread();
    memtrack_begin_process(&all, "all");
    memtrack_begin(&outer, "outer");
    kept[0] = malloc(1000);
    memtrack_begin(&inner, "inner");
    free(malloc(50000));
    kept[1] = malloc(200);
    if (argc > 1 && strcmp(argv[1], "kill") == 0)
        raise(SIGKILL);
    char byte;
    if (argc > 1 && strcmp(argv[1], "wait") == 0 &&
        (write(1, "open\n", 5) != 5 || read(0, &byte, 1) < 0))
        return 1;
    exit(0);
}
