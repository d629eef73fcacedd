/* SPDX-License-Identifier: MIT */
/* malloc's blocks in heaps of mimalloc's: one is destroyed with them, one deleted, whose blocks
 * live on. Prints what is live. */
#include <mimalloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { SMALL = 2000, LARGE = 20, LARGE_BYTES = 100000, HUGE_BYTES = 40 << 20 };
static uint64_t blocks, bytes;

static void take(size_t size, int stays) {
    void *volatile block = malloc(size);
    if (!block)
        exit(3);
    blocks += (uint64_t)stays;
    bytes += stays ? size : 0;
}

static void fill(int stays) {
    for (size_t i = 0; i < SMALL; i++)
        take(1 + i % 3000, stays);
    for (size_t i = 0; i < LARGE; i++)
        take(LARGE_BYTES + i, stays);
    take(HUGE_BYTES, stays);
}

int main(void) {
    static char buffer[512];
    setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    fill(1);
    mi_heap_t *gone = mi_heap_new(), *merged = mi_heap_new(), *before = mi_heap_set_default(gone);
    fill(0);
    mi_heap_set_default(merged);
    fill(1);
    mi_heap_set_default(before);
    mi_heap_destroy(gone);
    mi_heap_delete(merged);
    fill(1);
    printf("live %lu in %lu\n", bytes, blocks);
    return 0;
}
