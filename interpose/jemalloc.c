/* SPDX-License-Identifier: MIT */
/*
 * jemalloc's own API, in an object of its own: programs find out whether jemalloc is there by whether mallocx is
 * (weak symbols, dlsym), so these names must not exist where it is not. Queries (sallocx, nallocx, mallctl) are not
 * interposed. See jemalloc(3), "Non-standard API".
 */
#include "interpose/second.h"

#include <stdint.h>

#define HOOK    __attribute__((visibility("default")))
#define FRAME() ((const struct mt_hook_frame *)__builtin_frame_address(0))

static struct {
    void *(*mallocx)(size_t, int);
    void *(*rallocx)(void *, size_t, int);
    size_t (*xallocx)(void *, size_t, size_t, int);
    size_t (*sallocx)(const void *, int);
    void (*dallocx)(void *, int);
    void (*sdallocx)(void *, size_t, int);
} next;

/* Every name is looked up when the first is used: jemalloc has all of them or none. */
static void resolve(void) {
    next.rallocx = (void *(*)(void *, size_t, int))memtrack_private_next("rallocx");
    next.xallocx = (size_t(*)(void *, size_t, size_t, int))memtrack_private_next("xallocx");
    next.sallocx = (size_t(*)(const void *, int))memtrack_private_next("sallocx");
    next.dallocx = (void (*)(void *, int))memtrack_private_next("dallocx");
    next.sdallocx = (void (*)(void *, size_t, int))memtrack_private_next("sdallocx");
    void *(*first)(size_t, int) = (void *(*)(size_t, int))memtrack_private_next("mallocx");
    __atomic_store_n(&next.mallocx, first, __ATOMIC_RELEASE);
    if (first == NULL)
        __builtin_trap(); /* somebody calls jemalloc's API, through us, in a process without jemalloc */
}

#define RESOLVE()                                                                                                      \
    do {                                                                                                               \
        if (__builtin_expect(next.mallocx == NULL, 0))                                                                 \
            resolve();                                                                                                 \
    } while (0)

__attribute__((constructor)) static void start(void) {
    memtrack_private_present();
}

void *mallocx(size_t bytes, int flags);
HOOK void *mallocx(size_t bytes, int flags) {
    RESOLVE();
    void *block = next.mallocx(bytes, flags);
    memtrack_private_allocation(block, bytes, FRAME());
    return block;
}

void *rallocx(void *block, size_t bytes, int flags);
HOOK void *rallocx(void *block, size_t bytes, int flags) {
    RESOLVE();
    struct mt_moving_block moving;
    memtrack_private_realloc_begin(&moving, block);
    void *result = next.rallocx(block, bytes, flags);
    if (result == NULL)
        memtrack_private_realloc_failed(&moving, FRAME());
    else
        memtrack_private_realloc_end(&moving, result, bytes, FRAME());
    return result;
}

/* Resizes in place, if at all: the block stays the one that it is, with another size. */
size_t xallocx(void *block, size_t bytes, size_t extra, int flags);
HOOK size_t xallocx(void *block, size_t bytes, size_t extra, int flags) {
    RESOLVE();
    size_t before = next.sallocx(block, flags);
    size_t after = next.xallocx(block, bytes, extra, flags);
    size_t most = bytes > SIZE_MAX - extra ? SIZE_MAX : bytes + extra;
    if (after != before)
        memtrack_private_resize(block, after < most ? after : most);
    return after;
}

void dallocx(void *block, int flags);
HOOK void dallocx(void *block, int flags) {
    RESOLVE();
    memtrack_private_free(block);
    next.dallocx(block, flags);
}

void sdallocx(void *block, size_t bytes, int flags);
HOOK void sdallocx(void *block, size_t bytes, int flags) {
    RESOLVE();
    memtrack_private_free(block);
    next.sdallocx(block, bytes, flags);
}
