/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
/* Blocks that come and go through libc's second names for its allocator. 100 blocks of 60 bytes by
 * each name. */
#include "target.h"

void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t n, size_t bytes);
void *__libc_realloc(void *block, size_t bytes);
void *__libc_memalign(size_t alignment, size_t bytes);
void __libc_free(void *block);

int main(void) {
    for (int i = 0; i < 100; i++) {
        free(need(__libc_malloc(60)));
        __libc_free(need(malloc(60)));
        __libc_free(need(__libc_calloc(6, 10)));
        free(need(__libc_memalign(64, 60)));
        void *block = need(malloc(60));
        block = need(__libc_realloc(block, 60));
        free(block);
    }
    return 0;
}
