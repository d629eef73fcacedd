/* SPDX-License-Identifier: MIT */
/*
 * A program with figures of its own. Eight threads add to one counter; what they must come to is
 * printed, for the test to compare. Keys of the process are set before main, after a fork, and a
 * thousand of them on demand.
 *
 *   own_figures counters | keys N | fork | start
 */
#include <memtrack.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 8, ADDS = 20000 };

__attribute__((constructor)) static void before_main(void) {
    memtrack_set("version", "1.2.3");
}

static void *add(void *argument) {
    int64_t by = *(const int64_t *)argument;
    for (int i = 0; i < ADDS; i++)
        if (memtrack_counter_add("requests", i % 2 ? by : -by + 1) != 0)
            abort();
    return NULL;
}

/* Allocates, so that the profile has a sample. */
static void allocate(size_t bytes) {
    void *volatile block = malloc(bytes);
    free(block);
}

static int counters(void) {
    pthread_t thread[THREADS];
    int64_t by[THREADS];
    for (int i = 0; i < THREADS; i++) {
        by[i] = i * 1000;
        if (pthread_create(&thread[i], NULL, add, &by[i]) != 0)
            return 1;
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    memtrack_counter("queue", 7);
    memtrack_counter("queue", -3);
    memtrack_counter("queue", 2);
    memtrack_cache_size("pages", 1 << 20);
    memtrack_cache_size("pages", 4096);
    printf("requests %d of %d\n", THREADS * ADDS / 2, THREADS * ADDS);
    return memtrack_cache_size("pages", UINT64_MAX) == -MEMTRACK_EUSAGE ? 0 : 2;
}

static int keys(int n) {
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < n; i++) {
            char key[32], value[32];
            snprintf(key, sizeof key, "key %d", i);
            snprintf(value, sizeof value, "%s %d", round ? "value" : "a former and longer one", i);
            if (memtrack_set(key, value) != 0)
                return 1;
        }
    return 0;
}

static int in_fork(void) {
    memtrack_set("role", "parent");
    pid_t child = fork();
    if (child == 0) {
        memtrack_set("role", "child");
        memtrack_set("shard", "7");
        allocate(100);
        return 0;
    }
    int status;
    return child > 0 && waitpid(child, &status, 0) == child ? status : 1;
}

int main(int argc, char **argv) {
    const char *what = argc > 1 ? argv[1] : "";
    allocate(1000);
    if (strcmp(what, "start") == 0)
        return memtrack_start() == 0 ? 0 : 1;
    if (strcmp(what, "keys") == 0 && argc > 2)
        return keys(atoi(argv[2]));
    return strcmp(what, "fork") == 0 ? in_fork() : counters();
}
