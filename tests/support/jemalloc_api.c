/* SPDX-License-Identifier: MIT */
/* jemalloc's own entry points in a program that is linked to it; prints the exact totals that a
 * tracker must see. rallocx counts as a free and an allocation, xallocx resizes in place or leaves
 * all as it is. */
#include <jemalloc/jemalloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static uint64_t blocks, bytes, freed, freed_bytes;

static void *made(void *block, size_t size) {
    if (!block)
        exit(1);
    blocks++;
    bytes += size;
    return block;
}

static void gone(size_t size) {
    freed++;
    freed_bytes += size;
}

/* A block that shrinks where it is and may grow again: as many bytes as it was and is asked for. */
static void in_place(void) {
    enum { WHOLE = 1 << 20, HALF = WHOLE / 2 };
    size_t size = WHOLE;
    void *block = made(mallocx(WHOLE, 0), WHOLE), *kept = made(mallocx(WHOLE, 0), WHOLE);
    if (xallocx(kept, HALF, 0, 0) != HALF || xallocx(block, HALF, 0, 0) != HALF)
        exit(3); /* jemalloc splits large blocks */
    freed_bytes += 2 * HALF;
    if (xallocx(block, WHOLE, 0, 0) == WHOLE)
        bytes += HALF;
    else
        size = HALF;
    sdallocx(block, size, 0);
    gone(size);
}

int main(void) {
    static char buffer[512];
    setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    for (size_t size = 1; size <= 3000; size += 7) {
        void *plain = made(mallocx(size, 0), size),
             *aligned = made(mallocx(size, MALLOCX_ALIGN(256)), size);
        plain = made(rallocx(plain, size * 3, MALLOCX_ZERO), size * 3);
        gone(size);
        if (xallocx(aligned, size, 0, MALLOCX_ALIGN(256)) < size)
            return 2;
        sdallocx(plain, size * 3, 0);
        gone(size * 3);
        if (size % 2) {
            dallocx(aligned, MALLOCX_ALIGN(256));
            gone(size);
        }
    }
    in_place();
    void *mixed = made(mallocx(100, 0), 100);
    free(mixed);
    gone(100);
    mixed = made(malloc(64), 64);
    dallocx(mixed, 0);
    gone(64);
    printf("blocks %lu bytes %lu freed %lu freed_bytes %lu\n", blocks, bytes, freed, freed_bytes);
    return 0;
}
