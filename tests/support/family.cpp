/* SPDX-License-Identifier: MIT */
/*
 * Every entry point of the allocator in turn, each block filled, read again and freed, moved
 * through others on the way. Prints how many allocations it has made. OWN (a set of bits) says what
 * the program defines of the family itself; what it does not define is the next object's.
 *
 *   1 malloc, free, calloc, realloc on a heap of its own       2 the same but for calloc; foreign
 *                                                              blocks are passed on
 *   4 operator new and delete on malloc                        8 malloc and free that pass on what
 *                                                              they get
 *   16 malloc alone, which passes on
 */
#include <dlfcn.h>
#include <malloc.h>
#include <new>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef OWN
#define OWN 0
#endif

#if OWN & 3
extern "C" void __libc_free(void *);
extern "C" void *__libc_realloc(void *, size_t);
static char heap[32 << 20] __attribute__((aligned(64)));
static size_t used;

static bool is_own(void *block) {
    return (uintptr_t)block - (uintptr_t)heap < sizeof heap;
}
extern "C" void *malloc(size_t bytes) {
    size_t *block = (size_t *)(heap + used);
    bytes = (bytes + 31) & ~(size_t)15;
    if (used + bytes + 16 > sizeof heap)
        return nullptr;
    used += bytes + 16;
    block[0] = bytes;
    block[1] = 0x600df00d;
    return block + 2;
}
extern "C" void free(void *block) {
    if (!is_own(block)) {
        if (block && !(OWN & 2))
            _exit(99);
        if (block)
            __libc_free(block);
    } else if (((size_t *)block)[-1] != 0x600df00d)
        _exit(98);
}
extern "C" void *realloc(void *block, size_t bytes) {
    if (block && !is_own(block)) {
        if (!(OWN & 2))
            _exit(97);
        return __libc_realloc(block, bytes);
    }
    void *fresh = malloc(bytes);
    if (block && fresh)
        memcpy(fresh, block, ((size_t *)block)[-2] < bytes ? ((size_t *)block)[-2] : bytes);
    return fresh;
}
#if OWN & 1
extern "C" void *calloc(size_t n, size_t bytes) {
    void *block = malloc(n * bytes);
    return block ? memset(block, 0, n * bytes) : block;
}
#endif
#endif

#if OWN & 24
extern "C" void *__libc_malloc(size_t);
extern "C" void *malloc(size_t bytes) {
    return __libc_malloc(bytes);
}
#endif
#if OWN & 8
extern "C" void __libc_free(void *);
extern "C" void free(void *block) {
    __libc_free(block);
}
#endif

#if OWN & 4
void *operator new(size_t bytes) {
    void *block = malloc(bytes ? bytes : 1);
    if (!block)
        throw std::bad_alloc();
    return block;
}
void operator delete(void *block) noexcept {
    free(block);
}
#endif

static int n;

static char *filled(void *block, size_t bytes) {
    if (!block)
        _exit(3);
    n++;
    return (char *)memset(block, 'x', bytes);
}

static void check(char *block, size_t bytes) {
    for (size_t i = 0; i < bytes; i++)
        if (block[i] != 'x')
            _exit(4);
}

/* Through every function that resizes. */
static void move_and_free(char *block, size_t bytes) {
    check(block, bytes);
    block = (char *)realloc(block, bytes * 3);
    check(block, bytes);
    block = filled(block, bytes * 3);
    block = (char *)reallocarray(block, bytes, 5);
    check(block, bytes * 3);
    filled(block, bytes * 5);
    free(block);
}

static void plain(size_t bytes) {
    move_and_free(filled(malloc(bytes), bytes), bytes);
    move_and_free(filled(calloc(3, bytes), 3 * bytes), bytes);
    move_and_free(filled(realloc(nullptr, bytes), bytes), bytes);
    move_and_free(filled(reallocarray(nullptr, bytes, 2), 2 * bytes), bytes);
    free(filled(strdup("a string that is long enough to be a block"), 40));
}

/* An own heap without them takes no such block back. */
static void aligned(size_t bytes) {
    void *block = nullptr;
    if (posix_memalign(&block, 64, bytes) != 0 || (uintptr_t)block % 64)
        _exit(5);
    free(filled(block, bytes));
    free(filled(aligned_alloc(128, 128 * bytes), 128 * bytes));
    free(filled(memalign(256, bytes), bytes));
    free(filled(valloc(bytes), bytes));
}

static void operators(size_t bytes) {
    operator delete(filled(operator new(bytes), bytes));
    operator delete[](filled(operator new[](bytes), bytes));
    operator delete(filled(operator new(bytes, std::nothrow), bytes));
    operator delete(filled(operator new(bytes), bytes), bytes);
    operator delete[](filled(operator new[](bytes, std::nothrow), bytes));
}

int main(int argc, char **argv) {
    bool with_aligned = argc < 2 || strcmp(argv[1], "plain") != 0;
    for (size_t bytes = 1; bytes < 3000; bytes += 97) {
        plain(bytes);
        if (with_aligned)
            aligned(bytes);
        operators(bytes);
    }
    char text[32];
    int length = snprintf(text, sizeof text, "%d\n", n);
    return write(1, text, (size_t)length) == length ? 0 : 1;
}
