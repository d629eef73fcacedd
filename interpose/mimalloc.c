/* SPDX-License-Identifier: MIT */
/*
 * Of mimalloc's own API, in an object of its own as for jemalloc: mi_heap_destroy, which gives up
 * all blocks of a heap without a call for each. malloc's blocks are in such a heap when it has been
 * made the thread's default (mi_heap_set_default). mi_heap_delete hands its blocks to another heap,
 * and frees none. The functions that allocate (mi_malloc and its family) are not interposed, and
 * neither are their frees.
 */
#include "interpose/second.h"

#include "base/atomic.h"

#include <stdint.h>

#define HOOK    __attribute__((visibility("default")))
#define FRAME() ((const struct mt_hook_frame *)__builtin_frame_address(0))

static struct {
    void (*mi_heap_destroy)(void *);
    void *(*mi_heap_get_backing)(void);
    bool (*mi_heap_contains_block)(void *, const void *);
    bool (*mi_is_in_heap_region)(const void *);
} next;

static void resolve(void) {
    next.mi_heap_get_backing = (void *(*)(void))memtrack_private_next("mi_heap_get_backing");
    next.mi_heap_contains_block =
        (bool (*)(void *, const void *))memtrack_private_next("mi_heap_contains_block");
    next.mi_is_in_heap_region =
        (bool (*)(const void *))memtrack_private_next("mi_is_in_heap_region");
    void (*first)(void *) = (void (*)(void *))memtrack_private_next("mi_heap_destroy");
    mt_store_release(&next.mi_heap_destroy,
                     first); /* last: it is what says that the rest is there */
    if (first == NULL)
        __builtin_trap(); /* somebody calls mimalloc's API, through us, in a process without
                             mimalloc */
}

__attribute__((constructor)) static void start(void) {
    memtrack_private_present();
}

/* Afterwards there is no heap to ask about. */
static bool belongs(void *heap, const void *block, bool is_over) {
    return is_over ||
           (next.mi_is_in_heap_region(block) && next.mi_heap_contains_block(heap, block));
}

static bool can_tell(void) {
    return next.mi_heap_get_backing != NULL && next.mi_heap_contains_block != NULL &&
           next.mi_is_in_heap_region != NULL;
}

/* The heap that a thread begins with is not destroyed, since other threads' blocks may have come to
 * it. */
void mi_heap_destroy(void *heap);
HOOK void mi_heap_destroy(void *heap) {
    if (__builtin_expect(next.mi_heap_destroy == NULL, 0))
        resolve();
    if (heap == NULL || !can_tell() || heap == next.mi_heap_get_backing()) {
        if (heap != NULL && !can_tell())
            memtrack_private_discard_unseen();
        next.mi_heap_destroy(heap);
        return;
    }
    struct mt_discard *discard = memtrack_private_discard_begin(belongs, heap, FRAME());
    next.mi_heap_destroy(heap);
    memtrack_private_discard_end(discard, true, belongs, heap);
}
