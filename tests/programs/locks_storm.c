/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
// libs: -lpthread -ldl
/*
 * `locks_storm ROUNDS SEED PLUGIN.so…`: what takes several of the recorder's locks, at once. Two
 * threads begin and end scopes of the process and two nest scopes of their own, each under a name
 * that nobody has met; one loads and unloads plugins; main forks. Meanwhile another one clears all
 * that has been recorded. Then everybody stops, main clears once more, and all but the clearer do
 * the same again: of this second half the program counts itself what it has done.
 *
 * Prints: calls that were refused or measured something else; blocks and bytes of take(); scopes of
 * the process and of threads; clears; then for each plugin how often it was loaded
 * in the second half.
 */
#include "memtrack.h"
#include "target.h"
#include <dlfcn.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    OF_PROCESS = 2,
    NESTING = 2,
    WORKERS = OF_PROCESS + NESTING,
    MOST_PLUGINS = 8,
    FORKS = 4,
    MOST_BYTES = 4000
};

static long rounds;
static uint64_t seed;
static int n_plugins;
static char **plugin;
static _Atomic uint64_t n_bad, n_blocks, n_bytes, n_scopes[2], n_clears, n_loads[MOST_PLUGINS];
static atomic_int n_working;
static bool is_second; /* half */
static pthread_barrier_t barrier;

static void expect(bool good, const char *what) {
    if (!good && atomic_fetch_add(&n_bad, 1) < 10)
        fprintf(stderr, "%s\n", what);
}

__attribute__((noinline)) static void *take(size_t bytes) {
    void *block = need(malloc(bytes));
    if (is_second) {
        n_blocks++;
        n_bytes += bytes;
    }
    return block;
}

/* ---- the threads ----------------------------------------------------------------------------- */

static void use_process_scopes(uint64_t id, uint64_t *random) {
    for (long i = 0; i < rounds; i++) {
        memtrack_scope first, second;
        char name[48];
        snprintf(name, sizeof name, "first %" PRIu64 "-%d-%ld", id, is_second, i);
        expect(memtrack_begin_process(&first, name) == 0, "begin_process");
        free(take(next_random(random) % MOST_BYTES));
        snprintf(name, sizeof name, "second %" PRIu64 "-%d-%ld", id, is_second, i);
        expect(memtrack_begin_process(&second, name) == 0, "begin_process");
        expect(memtrack_end(&first, NULL) == 0, "end of the first");
        expect(memtrack_end(&second, NULL) == 0, "end of the second");
        n_scopes[0] += is_second ? 2 : 0;
    }
}

static void check(const memtrack_delta *d, size_t bytes) {
    expect(!is_second ||
               (d->allocated_blocks == 1 && d->allocated_bytes == bytes && d->net_bytes == 0 &&
                d->freed_blocks == 1 && d->peak_bytes == (int64_t)bytes),
           "another measure");
}

static void use_scopes(uint64_t id, uint64_t *random) {
    for (long i = 0; i < rounds; i++) {
        memtrack_scope outer, inner;
        memtrack_delta d;
        char name[48];
        size_t bytes = 1 + next_random(random) % MOST_BYTES;
        snprintf(name, sizeof name, "outer %" PRIu64 "-%d-%ld", id, is_second, i);
        expect(memtrack_begin(&outer, name) == 0, "begin");
        snprintf(name, sizeof name, "inner %" PRIu64 "-%d-%ld", id, is_second, i);
        expect(memtrack_begin(&inner, name) == 0, "begin");
        free(take(bytes));
        expect(memtrack_end(&inner, &d) == 0, "end of the inner");
        check(&d, bytes);
        expect(memtrack_end(&outer, &d) == 0, "end of the outer");
        check(&d, bytes);
        n_scopes[1] += is_second ? 2 : 0;
    }
}

static void *work(void *argument) {
    uint64_t id = (uintptr_t)argument, random = seed * 64 + id;
    for (int half = 0; half < 2; half++) {
        pthread_barrier_wait(&barrier);
        if (id < OF_PROCESS)
            use_process_scopes(id, &random);
        else
            use_scopes(id, &random);
        n_working--;
        pthread_barrier_wait(&barrier);
    }
    return NULL;
}

static void *load(void *unused) {
    uint64_t random = seed * 64 + 63;
    for (int half = 0; half < 2; half++) {
        pthread_barrier_wait(&barrier);
        while (n_working != 0) {
            int i = (int)(next_random(&random) % (uint32_t)n_plugins);
            void *handle = dlopen(plugin[i], RTLD_NOW | RTLD_LOCAL);
            if (!handle)
                die("%s", dlerror());
            void *(*allocate)(void) = (void *(*)(void))dlsym(handle, "plugin_allocate");
            free(need(allocate()));
            dlclose(handle);
            n_loads[i] += is_second;
        }
        pthread_barrier_wait(&barrier);
    }
    return unused;
}

static void *clear(void *unused) {
    for (int half = 0; half < 2; half++) {
        pthread_barrier_wait(&barrier);
        for (; half == 0 && n_working != 0; n_clears++)
            expect(memtrack_clear_traces() == 0, "clear");
        pthread_barrier_wait(&barrier);
    }
    return unused;
}

/* ---- the program ----------------------------------------------------------------------------- */

/* In the child: one thread, and whatever the others held. */
static int in_child(int i) {
    memtrack_scope scope;
    memtrack_delta d;
    char name[32];
    n_bad = 0;
    is_second = true;
    snprintf(name, sizeof name, "child %d", i);
    expect(memtrack_begin_process(&scope, name) == 0, "begin_process of a child");
    for (int k = 0; k < 3; k++)
        free(take(1000));
    expect(memtrack_end(&scope, &d) == 0 && d.allocated_blocks == 3 && d.allocated_bytes == 3000,
           "end of a child");
    return n_bad == 0 ? 0 : 1;
}

static void fork_and_wait(int i) {
    int status = -1;
    pid_t child = fork();
    if (child < 0)
        die("fork");
    if (child == 0)
        _exit(in_child(i));
    waitpid(child, &status, 0);
    expect(status == 0, "a child");
}

int main(int argc, char **argv) {
    pthread_t thread[WORKERS + 2];
    if (argc < 4 || argc > 3 + MOST_PLUGINS)
        die("usage: locks_storm ROUNDS SEED PLUGIN.so…");
    rounds = atol(argv[1]);
    seed = strtoull(argv[2], NULL, 10);
    plugin = argv + 3;
    n_plugins = argc - 3;
    pthread_barrier_init(&barrier, NULL, WORKERS + 3);
    for (uintptr_t i = 0; i < WORKERS + 2; i++)
        if (pthread_create(&thread[i], NULL,
                           i < WORKERS    ? work
                           : i == WORKERS ? load
                                          : clear,
                           (void *)i))
            die("pthread_create");
    for (int half = 0; half < 2; half++) {
        n_working = WORKERS;
        is_second = half == 1;
        if (is_second)
            expect(memtrack_clear_traces() == 0, "the last clear");
        pthread_barrier_wait(&barrier);
        for (int i = 0; i < FORKS; i++)
            fork_and_wait(i);
        pthread_barrier_wait(&barrier);
    }
    for (int i = 0; i < WORKERS + 2; i++)
        pthread_join(thread[i], NULL);
    printf("%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64, n_bad, n_blocks,
           n_bytes, n_scopes[0], n_scopes[1], n_clears);
    for (int i = 0; i < n_plugins; i++)
        printf(" %" PRIu64, n_loads[i]);
    puts("");
    return n_bad != 0;
}
