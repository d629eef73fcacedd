/* SPDX-License-Identifier: MIT */
/* One of several plugins of the same size, that take each other's addresses: allocates BYTES in the
 * function NAME, whose frame is FRAME bytes larger than a sister's, when it is loaded and when it
 * is asked. */
#include <stdlib.h>

__attribute__((noinline)) static void *NAME(void) {
    volatile char pad[FRAME];
    pad[0] = 1;
    pad[FRAME - 1] = 2;
    void *block = malloc(BYTES);
    __asm__ volatile("" : "+r"(block));
    pad[1] = 0;
    return block;
}

__attribute__((constructor)) static void start(void) {
    free(NAME());
}

void *plugin_allocate(void) {
    void *block = NAME();
    __asm__ volatile("" : "+r"(block));
    return block;
}
