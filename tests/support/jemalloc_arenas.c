/* SPDX-License-Identifier: MIT */
/*
 * Blocks of several arenas, most of which go with their arena: reset and destroyed by name and by
 * number, filled by mallocx and by malloc of a thread that is bound to it. A destruction that is
 * refused leaves all as it is. Prints what is live at the end.
 */
#include <jemalloc/jemalloc.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { SMALL = 2000, LARGE = 20, LARGE_BYTES = 100000, HUGE_BYTES = 40 << 20 };
static uint64_t blocks, bytes;

static unsigned create(void) {
    unsigned arena;
    size_t size = sizeof arena;
    if (mallctl("arenas.create", &arena, &size, NULL, 0) != 0)
        exit(2);
    return arena;
}

static void take(size_t size, int flags, int stays) {
    void *volatile block = flags ? mallocx(size, flags) : malloc(size);
    if (!block)
        exit(3);
    blocks += (uint64_t)stays;
    bytes += stays ? size : 0;
}

static void fill(int flags, int stays) {
    for (size_t i = 0; i < SMALL; i++)
        take(1 + i % 3000, flags, stays);
    for (size_t i = 0; i < LARGE; i++)
        take(LARGE_BYTES + i, flags, stays);
    take(HUGE_BYTES, flags, stays);
}

static int give_up(unsigned arena, const char *how, int by_number) {
    char name[64];
    size_t mib[3], n = 3;
    snprintf(name, sizeof name, "arena.%u.%s", by_number ? 0 : arena, how);
    if (!by_number)
        return mallctl(name, NULL, NULL, NULL, 0);
    if (mallctlnametomib(name, mib, &n) != 0)
        exit(4);
    mib[1] = arena;
    return mallctlbymib(mib, n, NULL, NULL, NULL, 0);
}

/* Small blocks in the thread's cache belong to the arena as well, and would outlive it there. */
static void *bound(void *context) {
    unsigned arena = *(unsigned *)context;
    char off = 0;
    if (mallctl("thread.tcache.enabled", NULL, NULL, &off, sizeof off) != 0 ||
        mallctl("thread.arena", NULL, NULL, &arena, sizeof arena) != 0)
        exit(5);
    fill(0, 0);
    if (give_up(arena, "destroy", 0) == 0)
        exit(6); /* this thread uses it */
    return NULL;
}

int main(void) {
    static char buffer[512];
    setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    unsigned first = create(), second = create(), third = create();
    int in_first = MALLOCX_ARENA(first) | MALLOCX_TCACHE_NONE,
        in_second = MALLOCX_ARENA(second) | MALLOCX_TCACHE_NONE;
    fill(0, 1);
    fill(in_first, 0);
    fill(in_second, 0);
    if (give_up(first, "reset", 0) != 0)
        return 7;
    fill(in_first, 0);
    if (give_up(first, "reset", 1) != 0 || give_up(second, "destroy", 1) != 0)
        return 8;
    fill(in_first, 1);
    pthread_t thread;
    pthread_create(&thread, NULL, bound, &third);
    pthread_join(thread, NULL);
    if (give_up(third, "destroy", 0) != 0)
        return 9;
    printf("live %lu in %lu\n", bytes, blocks);
    return 0;
}
