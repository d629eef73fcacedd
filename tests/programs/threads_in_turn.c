/* SPDX-License-Identifier: MIT */
// libs: -pthread
/*
 * Threads that follow one another, and what each of them has done, as it says itself: a line per
 * thread or kind, "NAME TID BLOCKS BYTES LIVE_BYTES". Every block is of the thread that allocated
 * it, whoever frees it.
 *
 *   names         five threads, each named in another way, after its first allocation
 *   handed        a thread allocates, the next one in its place frees that and allocates the same
 *   many N        N threads one after the other; all blocks are freed by main
 *   keep N        the same, but each leaves a block; every hundredth leaves a kilobyte
 *   pools N       four at a time, N rounds, each frees what its neighbour of the round before has
 *                 left
 *   peak N        the peak lies in the middle of N threads
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static void print(const char *name, long blocks, long bytes, long live) {
    char line[128]; /* not stdio: its buffer would be a block of the first thread */
    int n = snprintf(line, sizeof line, "%s %ld %ld %ld %ld\n", name, (long)syscall(SYS_gettid),
                     blocks, bytes, live);
    if (write(1, line, (size_t)n) != n)
        abort();
}

__attribute__((noinline)) static char *take(size_t bytes) {
    char *p = malloc(bytes);
    if (p == NULL)
        abort();
    *(volatile char *)p = 1;
    return p;
}

static void *in_turn(void *(*work)(void *), long argument) {
    pthread_t thread;
    void *result;
    if (pthread_create(&thread, NULL, work, (void *)argument) != 0 ||
        pthread_join(thread, &result) != 0)
        abort();
    return result;
}

/* ---- names */

static int waits[2];

static void write_comm(const char *name) {
    char path[64];
    snprintf(path, sizeof path, "/proc/self/task/%ld/comm", (long)syscall(SYS_gettid));
    int fd = open(path, O_WRONLY);
    if (fd < 0 || write(fd, name, strlen(name)) < 0)
        abort();
    close(fd);
}

/* The kernel's clock has to tick for a name that nobody told of: some 10 ms of allocations. */
static long churn(void) {
    enum { BLOCKS = 4096 * 200 };
    for (long i = 0; i < BLOCKS; i++)
        free(take(8));
    return BLOCKS;
}

static void *named(void *argument) {
    static const char *const names[] = {"by_prctl", "by_pthread", "by_syscall", "by_main",
                                        "by_proc"};
    long i = (long)argument, more = 0;
    free(take(100));
    if (i == 0)
        prctl(PR_SET_NAME, names[i]);
    else if (i == 1)
        pthread_setname_np(pthread_self(), names[i]);
    else if (i == 2)
        syscall(SYS_prctl, PR_SET_NAME, names[i], 0, 0, 0);
    else if (i == 4)
        write_comm(names[i]);
    char c = 0;
    if (i == 3 && (write(waits[1], &c, 1) != 1 || read(waits[0], &c, 1) != 1))
        abort();
    if (i == 4)
        more = churn();
    free(take((size_t)(i + 1) * 1000));
    print(names[i], 2 + more, 100 + (i + 1) * 1000 + more * 8, 0);
    return NULL;
}

static void named_by_main(void) {
    int there[2], back[2];
    if (pipe(there) != 0 || pipe(back) != 0)
        abort();
    waits[0] = back[0], waits[1] = there[1];
    pthread_t thread;
    char c;
    if (pthread_create(&thread, NULL, named, (void *)3L) != 0 || read(there[0], &c, 1) != 1)
        abort();
    pthread_setname_np(thread, "by_main");
    if (write(back[1], &c, 1) != 1)
        abort();
    pthread_join(thread, NULL);
}

/* ---- handed */

static char *left[8];

static void *hand(void *argument) {
    long i = (long)argument;
    char name[16];
    snprintf(name, sizeof name, "hand_%ld", i);
    prctl(PR_SET_NAME, name);
    for (int k = 0; k < 8; k++) {
        free(left[k]);
        left[k] = take((size_t)(100 * (i + 1)));
    }
    print(name, 8, 800 * (i + 1), i == 2 ? 800 * (i + 1) : 0);
    return NULL;
}

/* ---- many */

static void *one_of_many(void *argument) {
    free(take((size_t)argument % 7 * 16 + 1));
    return take(24);
}

static void many(long n, int keep) {
    long blocks = 0, bytes = 0, live = 0;
    for (long i = 0; i < n; i++) {
        char *p = in_turn(one_of_many, i);
        blocks += 2;
        bytes += i % 7 * 16 + 1 + 24;
        live += 24;
        if (!keep)
            free(p), live -= 24;
    }
    print("all", blocks, bytes, live);
}

/* ---- pools */

enum { POOL = 4, BATCH = 16 };
static char *batch[2][POOL][BATCH];

static void *swim(void *argument) {
    long round = (long)argument / POOL, me = (long)argument % POOL;
    for (int k = 0; k < BATCH; k++) {
        free(batch[(round + 1) % 2][(me + 1) % POOL][k]);
        batch[round % 2][me][k] = take((size_t)(32 + k * 8));
    }
    return NULL;
}

static void pools(long n) {
    for (long round = 0; round < n; round++) {
        pthread_t thread[POOL];
        for (long me = 0; me < POOL; me++)
            if (pthread_create(&thread[me], NULL, swim, (void *)(round * POOL + me)) != 0)
                abort();
        for (long me = 0; me < POOL; me++)
            pthread_join(thread[me], NULL);
    }
    long of_a_batch = 0;
    for (int k = 0; k < BATCH; k++)
        of_a_batch += 32 + k * 8;
    print("all", n * POOL * BATCH, n * POOL * of_a_batch, POOL * of_a_batch);
}

/* ---- peak */

static char *held[4096];

static void *hold(void *argument) {
    long i = (long)argument;
    held[i] = take(1000);
    return NULL;
}

static void *release(void *argument) {
    free(held[(long)argument]);
    free(take(500));
    return NULL;
}

int main(int argc, char **argv) {
    const char *mode = argc > 1 ? argv[1] : "names";
    long n = argc > 2 ? atol(argv[2]) : 0;
    if (strcmp(mode, "names") == 0) {
        for (long i = 0; i < 5; i++)
            i == 3 ? named_by_main() : (void)in_turn(named, i);
    } else if (strcmp(mode, "handed") == 0) {
        for (long i = 0; i < 3; i++)
            in_turn(hand, i);
    } else if (strcmp(mode, "pools") == 0) {
        pools(n);
    } else if (strcmp(mode, "peak") == 0) {
        for (long i = 0; i < n; i++)
            in_turn(hold, i);
        for (long i = 0; i < n; i++)
            in_turn(release, i);
        print("all", 2 * n, 1500 * n, 0);
    } else {
        many(n, strcmp(mode, "keep") == 0);
    }
    return 0;
}
