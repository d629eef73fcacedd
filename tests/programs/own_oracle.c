/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
// libs: -lpthread
/*
 * Allocates until it is killed and keeps its own account of it in a file that it maps shared:
 * `own_oracle FILE [THREADS]`. Each thread has a page of the file. Before an event it writes down
 * what it is about to do, after it what has been done; a record is written beside the valid one and
 * made valid by one store, so that none is ever half written. Whatever instant kills the program,
 * each thread is inside at most the one event that its page names.
 *
 *   page of a thread: word 0   which of the two records is valid
 *                     word 8…  record 0, word 16… record 1: struct account
 *
 * Blocks go from thread to thread through slots: who takes one out frees it or makes it larger or
 * smaller.
 */
#include "target.h"
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>

enum { SLOTS = 1024, MAX_THREADS = 16, PAGE = 4096, RECORD_BYTES = 64, LARGEST = 2000 };
enum kind { NOTHING, ALLOCATES, FREES, RESIZES };

struct account {
    uint64_t blocks, bytes, freed_blocks, freed_bytes; /* done */
    uint64_t kind, old_bytes, new_bytes;               /* under way */
};

struct page {
    _Atomic uint64_t valid;
    char pad[RECORD_BYTES - 8];
    struct {
        struct account account;
        char pad[RECORD_BYTES - sizeof(struct account)];
    } record[2];
};

static _Atomic(uint64_t *) slot[SLOTS]; /* a block begins with its size */

static void put(struct page *at, struct account now) {
    uint64_t other = !atomic_load_explicit(&at->valid, memory_order_relaxed);
    at->record[other].account = now;
    atomic_store_explicit(&at->valid, other, memory_order_release);
}

static void begin(struct page *at, enum kind kind, uint64_t old_bytes, uint64_t new_bytes) {
    struct account now = at->record[atomic_load_explicit(&at->valid, memory_order_relaxed)].account;
    now.kind = kind;
    now.old_bytes = old_bytes;
    now.new_bytes = new_bytes;
    put(at, now);
}

static void end(struct page *at) {
    struct account now = at->record[atomic_load_explicit(&at->valid, memory_order_relaxed)].account;
    if (now.kind != FREES) {
        now.blocks++;
        now.bytes += now.new_bytes;
    }
    if (now.kind != ALLOCATES) {
        now.freed_blocks++;
        now.freed_bytes += now.old_bytes;
    }
    now.kind = NOTHING;
    put(at, now);
}

__attribute__((noinline)) static uint64_t *event_allocate(struct page *at, uint64_t bytes) {
    begin(at, ALLOCATES, 0, bytes);
    uint64_t *block = malloc(bytes);
    end(at);
    *(uint64_t *)need(block) = bytes;
    return block;
}

__attribute__((noinline)) static uint64_t *event_resize(struct page *at, uint64_t *old,
                                                        uint64_t bytes) {
    begin(at, RESIZES, *old, bytes);
    uint64_t *block = realloc(old, bytes);
    end(at);
    *(uint64_t *)need(block) = bytes;
    return block;
}

__attribute__((noinline)) static void event_free(struct page *at, uint64_t *block) {
    begin(at, FREES, *block, 0);
    free(block);
    end(at);
}

__attribute__((noreturn)) static void *work(void *argument) {
    struct page *at = argument;
    uint64_t state = (uintptr_t)argument; /* differs from run to run */
    for (;;) {
        uint32_t random = next_random(&state);
        _Atomic(uint64_t *) *s = &slot[random % SLOTS];
        uint64_t bytes = sizeof bytes + next_random(&state) % LARGEST;
        uint64_t *block = atomic_exchange(s, NULL);
        if (!block)
            block = event_allocate(at, bytes);
        else if (random & 1u << 20)
            block = event_resize(at, block, bytes);
        else {
            event_free(at, block);
            continue;
        }
        uint64_t *displaced = atomic_exchange(s, block);
        if (displaced)
            event_free(at, displaced);
    }
}

int main(int argc, char **argv) {
    int threads = argc > 2 ? atoi(argv[2]) : 1;
    int fd = argc > 1 ? open(argv[1], O_RDWR) : -1;
    if (fd < 0 || threads < 1 || threads > MAX_THREADS)
        die("needs a file and 1 to %d threads", MAX_THREADS);
    char *file = mmap(NULL, (size_t)PAGE * MAX_THREADS, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (file == MAP_FAILED)
        die("the file cannot be mapped");
    for (int i = 1; i < threads; i++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, work, file + PAGE * i))
            die("pthread_create");
    }
    work(file);
}
