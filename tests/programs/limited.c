/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin -pthread -Wno-alloc-size-larger-than
/*
 * Allocates against a limit (limited LIMIT WAY) and keeps its own account of what it holds.
 *
 *   exact     one thread: the last byte that there is room for is given, and none beyond it
 *   tracked   memtrack_track
 *   cleared   memtrack_clear_traces makes no room
 *   threads   eight threads allocate, grow and free in all ways, and hold as much as they are given
 *   mappings  mmap, mremap and mprotect
 *   steps     blocks of 64 KiB until one is refused
 *   handlers  a signal handler allocates in between
 *
 * Prints how many requests were refused. Ends with 1 when it held more than the limit.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "memtrack.h"

enum { THREADS = 8, SLOTS = 64, ROUNDS = 4000, STEP = 64 << 10, PAGE = 4096 };

static uint64_t limit;
static atomic_uint_fast64_t refused;

static void fail(const char *what) {
    fprintf(stderr, "limited: %s\n", what);
    _exit(1);
}

static void *expect_refusal(void *block) {
    if (block == NULL && errno != ENOMEM)
        fail("a refusal without ENOMEM");
    if (block == NULL)
        atomic_fetch_add(&refused, 1);
    errno = 0;
    return block;
}

static uint64_t live(void) {
    uint64_t now = 0;
    memtrack_get_traced_memory(&now, NULL);
    return now;
}

/* ---- exact ----------------------------------------------------------------------------------- */

static void exact(void) {
    uint64_t before = live();
    char *all = malloc(limit - before);
    if (all == NULL || live() != limit)
        fail("there is no room for the last byte");
    if (expect_refusal(malloc(1)) != NULL || expect_refusal(calloc(1, 1)) != NULL ||
        expect_refusal(realloc(all, limit - before + 1)) != NULL ||
        expect_refusal(aligned_alloc(64, 64)) != NULL)
        fail("one byte more is given");
    void *block = NULL;
    if (posix_memalign(&block, 64, 1) != ENOMEM)
        fail("posix_memalign gives one byte more");
    void *empty = malloc(0);
    if (empty == NULL)
        fail("an empty block is refused");
    free(empty);
    all = realloc(all, limit - before - 10);
    char *ten = malloc(10);
    if (all == NULL || ten == NULL || expect_refusal(malloc(1)) != NULL)
        fail("what realloc gave back is not there");
    free(ten);
    ten = malloc(4);
    ten = realloc(ten, 10);
    if (ten == NULL || expect_refusal(realloc(ten, 11)) != NULL || live() != limit)
        fail("a block that grows has not the room that it needs, or more");
    free(ten);
    free(all);
}

/* Memory that the program counts itself has to fit, too. */
static void tracked(void) {
    static char pool[64];
    uint32_t domain = memtrack_domain("pool");
    uint64_t room = limit - live();
    if (memtrack_track(domain, pool, room + 1) != -MEMTRACK_ELIMIT || live() != limit - room)
        fail("memory that does not fit is counted");
    if (memtrack_track(domain, pool, room) != 0 || live() != limit ||
        expect_refusal(malloc(1)) != NULL)
        fail("memory that fits is not counted");
    memtrack_untrack(domain, pool);
    free(malloc(room));
}

/* What was cleared is still there, and its room comes back with its free. */
static void cleared(void) {
    uint64_t before = live();
    char *all = malloc(limit - before - 10), *ten = malloc(4);
    memtrack_clear_traces();
    ten = realloc(ten, 10);
    if (all == NULL || ten == NULL || live() != 10 || expect_refusal(malloc(1)) != NULL)
        fail("what was cleared has gone");
    if (expect_refusal(realloc(all, limit)) != NULL)
        fail("what was cleared has gone for realloc");
    free(ten);
    free(all);
    all = malloc(limit - before);
    if (all == NULL)
        fail("what was cleared and freed is still there");
    free(all);
}

/* ---- threads --------------------------------------------------------------------------------- */

static atomic_uint_fast64_t held, most_held;
static pthread_barrier_t all_are_there; /* a thread needs memory of its own to begin */
static pthread_barrier_t all_hold; /* what they were given: more than the limit, were there none */

static void gain(uint64_t bytes) {
    uint64_t now = atomic_fetch_add(&held, bytes) + bytes, most = atomic_load(&most_held);
    while (now > most && !atomic_compare_exchange_weak(&most_held, &most, now))
        ;
}

struct slot {
    void *block;
    size_t bytes;
};

static uint32_t next_random(uint32_t *state) {
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static void *get(uint32_t way, size_t bytes) {
    void *block = NULL;
    switch (way % 4) {
    case 0:
        return malloc(bytes);
    case 1:
        return calloc(1, bytes);
    case 2:
        return aligned_alloc(64, bytes);
    default:
        errno = posix_memalign(&block, 64, bytes);
        return block;
    }
}

/* What it gives up is subtracted before, and what it gets is added afterwards: so its account is
 * never above what it holds. */
static void grow(struct slot *slot, size_t bytes) {
    if (bytes < slot->bytes)
        atomic_fetch_sub(&held, slot->bytes - bytes);
    void *block = realloc(slot->block, bytes);
    if (block == NULL && bytes < slot->bytes)
        fail("a block that becomes smaller is refused");
    if (expect_refusal(block) == NULL)
        return;
    if (bytes > slot->bytes)
        gain(bytes - slot->bytes);
    *slot = (struct slot){block, bytes};
}

static void *work(void *seed) {
    uint32_t random = (uint32_t)(uintptr_t)seed;
    struct slot slots[SLOTS] = {0};
    pthread_barrier_wait(&all_are_there);
    for (int i = 0; i < ROUNDS; i++) {
        struct slot *slot = &slots[next_random(&random) % SLOTS];
        size_t bytes = 64 * (1 + next_random(&random) % 500);
        if (slot->block == NULL) {
            slot->block = expect_refusal(get(next_random(&random), bytes));
            slot->bytes = slot->block != NULL ? bytes : 0;
            gain(slot->bytes);
        } else if (next_random(&random) % 2) {
            grow(slot, bytes);
        } else {
            atomic_fetch_sub(&held, slot->bytes);
            free(slot->block);
            *slot = (struct slot){0};
        }
    }
    pthread_barrier_wait(&all_hold);
    for (int i = 0; i < SLOTS; i++) {
        atomic_fetch_sub(&held, slots[i].bytes);
        free(slots[i].block);
    }
    return NULL;
}

static void threads(void) {
    pthread_t thread[THREADS];
    pthread_barrier_init(&all_are_there, NULL, THREADS);
    pthread_barrier_init(&all_hold, NULL, THREADS);
    for (uintptr_t i = 0; i < THREADS; i++)
        if (pthread_create(&thread[i], NULL, work, (void *)(i + 1)) != 0)
            fail("no thread");
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    uint64_t peak;
    if (atomic_load(&most_held) > limit)
        fail("the blocks were larger than the limit");
    if (memtrack_get_traced_memory(NULL, &peak) != 0 || peak > limit || peak < limit / 8 * 7)
        fail("the peak is above the limit, or there was room that nobody got");
    /* Nothing is left over: all of it can be had again. */
    void *all = malloc(limit - live());
    if (all == NULL)
        fail("not all of the limit is free at the end");
    free(all);
}

/* ---- mappings -------------------------------------------------------------------------------- */

static void *map(size_t bytes, int protection) {
    void *at = mmap(NULL, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return expect_refusal(at == MAP_FAILED ? NULL : at);
}

static void mappings(void) {
    size_t most = (limit - live()) / PAGE * PAGE;
    void *all = map(most, PROT_READ | PROT_WRITE);
    if (all == NULL || map(PAGE, PROT_READ) != NULL)
        fail("not the pages that there is room for");
    char *reserved = map(limit, PROT_NONE);
    if (reserved == NULL)
        fail("what cannot be touched is refused");
    if (mprotect(reserved, PAGE, PROT_READ) == 0 || errno != ENOMEM)
        fail("a page is made accessible that there is no room for");
    if (mremap(all, most, most + PAGE, MREMAP_MAYMOVE) != MAP_FAILED || errno != ENOMEM)
        fail("a mapping grows beyond the limit");
    all = mremap(all, most, most - 2 * PAGE, 0);
    if (all == MAP_FAILED || mprotect(reserved, PAGE, PROT_READ) != 0)
        fail("the pages of a smaller mapping are not there");
    void *moved = mremap(all, most - 2 * PAGE, most - PAGE, MREMAP_MAYMOVE);
    if (moved == MAP_FAILED || map(PAGE, PROT_READ) != NULL)
        fail("a mapping does not grow to the limit, or beyond it");
    munmap(moved, most - PAGE);
    munmap(reserved, limit);
    all = map(most, PROT_READ);
    if (all == NULL)
        fail("what was unmapped is still there");
    munmap(all, most);
}

/* ---- the rest -------------------------------------------------------------------------------- */

static __attribute__((noinline)) void *one_step(void) {
    void *block = malloc(STEP);
    if (block != NULL)
        memset(block, 1, STEP);
    return block;
}

static void steps(void) {
    int n = 0;
    while (expect_refusal(one_step()) != NULL)
        n++;
    char text[64];
    int bytes = snprintf(text, sizeof text, "%d steps\n", n);
    if (write(STDOUT_FILENO, text, (size_t)bytes) != bytes)
        fail("write");
}

static volatile sig_atomic_t n_handled;

static void on_signal(int number) {
    (void)number;
    int saved = errno;
    free(malloc(1000));
    errno = saved;
    n_handled++;
}

static void handlers(void) {
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGUSR1, &action, NULL);
    void *blocks[16] = {0};
    for (int i = 0; i < ROUNDS; i++) {
        raise(SIGUSR1);
        free(blocks[i % 16]);
        blocks[i % 16] = expect_refusal(malloc(limit / 12));
    }
    for (int i = 0; i < 16; i++)
        free(blocks[i]);
    void *all = malloc(limit - live());
    if (all == NULL)
        fail("room was lost in a handler");
    free(all);
}

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        void (*run)(void);
    } ways[] = {{"exact", exact},      {"cleared", cleared},   {"tracked", tracked},
                {"threads", threads},  {"mappings", mappings}, {"steps", steps},
                {"handlers", handlers}};
    static char buffer[BUFSIZ];
    setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    limit = argc == 3 ? strtoull(argv[1], NULL, 0) : 0;
    for (size_t i = 0; argc == 3 && i < sizeof ways / sizeof *ways; i++)
        if (strcmp(argv[2], ways[i].name) == 0)
            ways[i].run();
    printf("%llu refused\n", (unsigned long long)atomic_load(&refused));
    return 0;
}
