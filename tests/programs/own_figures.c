/* SPDX-License-Identifier: MIT */
/*
 * A program with figures of its own. Eight threads add to one counter; what they must come to is
 * printed, for the test to compare. Keys of the process are set before main, after a fork, and a
 * thousand of them on demand.
 *
 * A cache of the least recently used says what it has answered, from eight threads, with times that
 * are made up: each answer is printed.
 *
 *   own_figures counters | caches | keys N | fork | start
 */
#include <memtrack.h>
#include <pthread.h>
#include <stdbool.h>
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
    memtrack_counter_row rows[2] = {{.name = ""}};
    if (memtrack_counters_read(rows, 1) != 2 || strcmp(rows[0].name, "requests") != 0 ||
        rows[0].value != THREADS * ADDS / 2 || rows[0].changes != THREADS * ADDS)
        return 3;
    printf("requests %d of %d\n", THREADS * ADDS / 2, THREADS * ADDS);
    return memtrack_cache_size("pages", UINT64_MAX) == -MEMTRACK_EUSAGE ? 0 : 2;
}

/* A cache of eight keys: the least recently used one goes. Each thread has one of its own; they are
 * one cache to who looks on. */
struct lru {
    int key[8];
    int n;
};

static bool look_up(struct lru *c, int key) {
    int at = 0;
    while (at < c->n && c->key[at] != key)
        at++;
    bool is_hit = at < c->n;
    if (!is_hit && c->n < 8)
        c->n++;
    if (!is_hit)
        at = c->n - 1;
    memmove(&c->key[1], &c->key[0], (size_t)at * sizeof c->key[0]);
    c->key[0] = key;
    return is_hit;
}

static pthread_mutex_t printing = PTHREAD_MUTEX_INITIALIZER;

static void *use_cache(void *argument) {
    struct lru cache = {.n = 0};
    unsigned state = *(const unsigned *)argument;
    for (int i = 0; i < 500; i++) {
        state = state * 1103515245 + 12345;
        bool is_hit = look_up(&cache, (int)((state >> 16) % 12));
        uint64_t ns = (state >> 8) % 100000;
        int rc = is_hit ? memtrack_cache_hit("lru", ns) : memtrack_cache_miss("lru", ns * 10);
        pthread_mutex_lock(&printing);
        printf("%s %llu\n", is_hit ? "hit" : "miss", (unsigned long long)(is_hit ? ns : ns * 10));
        pthread_mutex_unlock(&printing);
        if (rc != 0)
            abort();
    }
    return NULL;
}

static int caches(void) {
    pthread_t thread[THREADS];
    unsigned seed[THREADS];
    memtrack_cache_size("lru", 4096);
    memtrack_cache_size("lru", 1024);
    for (int i = 0; i < THREADS; i++) {
        seed[i] = (unsigned)i;
        if (pthread_create(&thread[i], NULL, use_cache, &seed[i]) != 0)
            return 1;
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    memtrack_cache_row rows[2] = {{.name = ""}};
    if (memtrack_caches_read(rows, 2) != 1 || strcmp(rows[0].name, "lru") != 0 ||
        rows[0].hits + rows[0].misses != (uint64_t)THREADS * 500 || rows[0].size_bytes != 1024 ||
        rows[0].highest_bytes != 4096 || rows[0].hit_ns.max > 100000 || rows[0].hit_rate <= 0)
        return 3;
    return memtrack_cache_hit("lru", UINT64_MAX) == -MEMTRACK_EUSAGE ? 0 : 2;
}

static int keys(int n) {
    if (memtrack_set("", "of no key") != -MEMTRACK_EUSAGE)
        return 4;
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
    if (strcmp(what, "caches") == 0)
        return caches();
    if (strcmp(what, "start") == 0)
        return memtrack_start() == 0 ? 0 : 1;
    if (strcmp(what, "keys") == 0 && argc > 2)
        return keys(atoi(argv[2]));
    return strcmp(what, "fork") == 0 ? in_fork() : counters();
}
