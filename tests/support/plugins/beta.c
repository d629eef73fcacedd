/* SPDX-License-Identifier: MIT */
/* The second plugin. Built at the same size as alpha.c, so that the loader gives both the same
 * address. */
#include <stdlib.h>

__attribute__((noinline)) static void *beta_only(void) {
    void *block = malloc(222);
    __asm__ volatile("" : "+r"(block));
    return block;
}

void *plugin_allocate(void) {
    void *block = beta_only();
    __asm__ volatile("" : "+r"(block));
    return block;
}

void plugin_release(void *block) {
    free(block);
}
