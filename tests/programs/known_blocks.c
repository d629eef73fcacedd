/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
/*
 * Allocates blocks of every kind that the table of live blocks keeps apart, prints "KIND ADDRESS
 * BYTES" for each, then "ready", and waits until it is killed. Of kind freed nothing is live any
 * more.
 */
#include "target.h"
#include <memtrack.h>
#include <stdio.h>
#include <unistd.h>

static void say(const char *kind, const void *block, size_t bytes) {
    printf("%s %p %zu\n", kind, block, bytes);
}

__attribute__((noinline)) static void *small(size_t bytes) {
    return need(malloc(bytes));
}

__attribute__((noinline)) static void *resized(size_t bytes) {
    return need(realloc(small(10), bytes));
}

__attribute__((noinline)) static void *aligned(size_t bytes) {
    return need(aligned_alloc(4096, bytes));
}

__attribute__((noinline)) static void *scoped(size_t bytes) {
    MEMTRACK_SCOPE("loading") {
        return need(malloc(bytes));
    }
    return NULL;
}

__attribute__((noinline)) static void *pooled(size_t bytes) {
    static uintptr_t next = 0x10000;
    MEMTRACK_SCOPE("filling") {
        memtrack_track(memtrack_domain("pool"), (void *)next, bytes);
    }
    return (void *)next;
}

int main(void) {
    static const size_t sizes[] = {
        0, 1, 24, 4000, 70000, 3000000, 15000000, (16 << 20) - 1, 16 << 20, 50000000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        say("small", small(sizes[i]), sizes[i]);
    for (int i = 0; i < 3000; i++) { /* a region whose table has grown */
        void *block = small(40);
        if (i % 500 == 0)
            say("small", block, 40);
    }
    say("resized", resized(9000), 9000);
    say("aligned", aligned(8192), 8192);
    say("scoped", scoped(5000), 5000);
    say("pooled", pooled(6000), 6000);
    void *gone = small(2000);
    void *wall = small(64); /* so that what is freed stays a hole */
    free(gone);
    say("freed", gone, 2000);
    say("small", wall, 64);
    puts("ready");
    fflush(stdout);
    for (;;)
        pause();
}
