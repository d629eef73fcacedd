/* SPDX-License-Identifier: MIT */
/*
 * Of mimalloc's own API, in an object of its own as for jemalloc: mi_heap_destroy, which gives up
 * all blocks of a heap without a call for each. malloc's blocks are in such a heap when it has been
 * made the thread's default (mi_heap_set_default). mi_heap_delete hands its blocks to another heap,
 * and frees none. The functions that allocate (mi_malloc and its family) are not interposed, and
 * neither are their frees.
 */
#define MT_SECOND_mimalloc(...) __VA_ARGS__
#define MT_SECOND_LAST          mi_heap_destroy
#include "interpose/second-local.h"

__attribute__((constructor)) static void start(void) {
    memtrack_private_present();
}

/* Is a mt_discard_belongs. After the fact there is no heap to ask about. */
static bool belongs(void *heap, const void *block, bool is_over) {
    return is_over ||
           (real.mi_is_in_heap_region(block) && real.mi_heap_contains_block(heap, block));
}

static bool can_tell(void) {
    return real.mi_heap_get_backing != NULL && real.mi_heap_contains_block != NULL &&
           real.mi_is_in_heap_region != NULL;
}

/* The heap that a thread begins with is not destroyed, since other threads' blocks may have come to
 * it. */
HOOK void mi_heap_destroy(void *heap) {
    RESOLVE();
    if (heap == NULL || !can_tell() || heap == real.mi_heap_get_backing()) {
        if (heap != NULL && !can_tell())
            memtrack_private_discard_unseen();
        real.mi_heap_destroy(heap);
        return;
    }
    struct mt_discard *discard = memtrack_private_discard_begin(belongs, heap, FRAME());
    real.mi_heap_destroy(heap);
    memtrack_private_discard_end(discard, true, belongs, heap);
}
