/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
/*
 * Memory that is not malloc's: a pool whose objects are told apart from the block that holds them,
 * and a device's. Marks, counters and keys for the timeline, in a known order.
 */
#include "target.h"

#include "memtrack.h"

enum { OBJECTS = 10, OBJECT_BYTES = 100, BUFFERS = 3, BUFFER_BYTES = 1 << 20 };

int main(void) {
    static const char *const sizes[] = {"small", "large"};
    char *pool = need(malloc(OBJECTS * OBJECT_BYTES));
    uint32_t objects = memtrack_domain("pool"), device = memtrack_domain("device");
    memtrack_mark("filling");
    MEMTRACK_SCOPE("fill") {
        for (int i = 0; i < OBJECTS; i++)
            memtrack_track(objects, pool + i * OBJECT_BYTES, OBJECT_BYTES);
        memtrack_counter("objects", OBJECTS);
    }
    for (int i = 0; i < 2; i++) {
        memtrack_scope scope;
        memtrack_begin(&scope, "upload");
        memtrack_scope_set(&scope, "size", sizes[i]);
        memtrack_scope_set(&scope, "queue", "copy");
        for (uintptr_t k = 0; k < BUFFERS; k++)
            memtrack_track(device, (void *)(0x1000 + k * 0x100 + (uintptr_t)i * 0x10),
                           BUFFER_BYTES); /* handles */
        keep(need(malloc(64)));
        memtrack_end(&scope, NULL);
    }
    uint32_t handles = memtrack_domain("handles");
    memtrack_track(handles, (void *)0x5000, 100);
    memtrack_track(handles, (void *)0x5000,
                   300); /* used again without a word: the old one has gone */
    memtrack_mark("emptying");
    for (int i = 0; i < OBJECTS / 2; i++)
        memtrack_untrack(objects, pool + i * OBJECT_BYTES);
    memtrack_counter("objects", OBJECTS - OBJECTS / 2);
    memtrack_untrack(device, (void *)0x1000);
    free(pool);
    return 0;
}
