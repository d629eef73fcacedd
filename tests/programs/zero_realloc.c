/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin -Wno-use-after-free
/* realloc(p, 0): glibc frees and returns NULL, other allocators return a small block. Either way
 * nothing is left. */
#include "target.h"

int main(void) {
    int null = 0;
    for (size_t i = 0; i < 1000; i++) {
        void *block = need(malloc(i + 1));
        void *after = keep(realloc(block, 0));
        null += !after;
        free(after);
    }
    void *fresh = keep(realloc(NULL, 0));
    free(fresh);
    printf("%d NULL\n", null);
    return 0;
}
