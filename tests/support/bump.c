/* SPDX-License-Identifier: MIT */
/*
 * An allocator that may be called in a signal handler: it only ever adds to a counter. With it
 * under the tracker a handler can allocate wherever it interrupts the program, inside the tracker's
 * own hooks too, and whatever then hangs or is counted wrong is the tracker's doing. Freed memory
 * of the newest block is not even reused.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

enum { HEADER = 16 };
static const size_t arena_bytes = (size_t)64 << 30;
static _Atomic uintptr_t arena, taken;

static uintptr_t base(void) {
    uintptr_t start = atomic_load(&arena);
    if (start)
        return start;
    void *fresh = mmap(NULL, arena_bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (fresh == MAP_FAILED)
        return 0;
    if (atomic_compare_exchange_strong(&arena, &start, (uintptr_t)fresh))
        return (uintptr_t)fresh;
    munmap(fresh, arena_bytes);
    return start;
}

/* The size stands in front of the block. Nothing below calls an exported function: those are the
 * tracker's. */
static void *take(size_t alignment, size_t bytes) {
    if (bytes > arena_bytes / 2 || alignment > 1 << 20 || !base()) {
        errno = ENOMEM;
        return NULL;
    }
    size_t room = bytes + alignment + HEADER;
    uintptr_t at = base() + atomic_fetch_add(&taken, (room + 15) & ~(size_t)15);
    if (at + room > base() + arena_bytes) {
        errno = ENOMEM;
        return NULL;
    }
    uintptr_t block = (at + HEADER + alignment - 1) & ~(uintptr_t)(alignment - 1);
    ((size_t *)block)[-1] = bytes;
    return (void *)block;
}

static void *resize(void *block, size_t bytes) {
    void *fresh = take(16, bytes);
    if (fresh && block) {
        size_t old = ((size_t *)block)[-1];
        memcpy(fresh, block, old < bytes ? old : bytes);
    }
    return fresh;
}

static size_t product_of(size_t n, size_t bytes) {
    size_t product;
    return __builtin_mul_overflow(n, bytes, &product) ? SIZE_MAX : product;
}

void *malloc(size_t bytes) {
    return take(16, bytes);
}

void free(void *block) {
    (void)block;
}

void *calloc(size_t n, size_t bytes) {
    return take(16, product_of(n, bytes));
}

void *realloc(void *block, size_t bytes) {
    return resize(block, bytes);
}

void *reallocarray(void *block, size_t n, size_t bytes) {
    return resize(block, product_of(n, bytes));
}

void *memalign(size_t alignment, size_t bytes) {
    return take(alignment < 16 ? 16 : alignment, bytes);
}

void *aligned_alloc(size_t alignment, size_t bytes) {
    return take(alignment < 16 ? 16 : alignment, bytes);
}

int posix_memalign(void **out, size_t alignment, size_t bytes) {
    void *block = take(alignment < 16 ? 16 : alignment, bytes);
    if (block)
        *out = block;
    return block ? 0 : ENOMEM;
}

void *valloc(size_t bytes) {
    return take(4096, bytes);
}

void *pvalloc(size_t bytes) {
    return take(4096, (bytes + 4095) & ~(size_t)4095);
}

size_t malloc_usable_size(void *block) {
    return block ? ((size_t *)block)[-1] : 0;
}
