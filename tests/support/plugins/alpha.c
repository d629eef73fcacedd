/* SPDX-License-Identifier: MIT */
/* The first plugin. Built at the same size as beta.c, so that the loader gives both the same
 * address. */
#include <stdlib.h>

__attribute__((noinline)) static void *alpha_only(void) {
    void *block = malloc(111);
    __asm__ volatile("" : "+r"(block));
    return block;
}

void *plugin_allocate(void) {
    void *block = alpha_only();
    __asm__ volatile("" : "+r"(block));
    return block;
}

void plugin_release(void *block) {
    free(block);
}
