/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
/* The aligned entry points that every tool knows: posix_memalign, aligned_alloc, memalign,
 * valloc. */
#include "target.h"
#include <malloc.h>

static uintptr_t misaligned;

static void *check(void *block, size_t alignment) {
    misaligned += (uintptr_t)need(block) % alignment;
    return block;
}

int main(void) {
    void *kept[16];
    int n = 0;
    for (size_t alignment = 16; alignment <= 65536; alignment *= 4) {
        void *block = NULL;
        if (posix_memalign(&block, alignment, alignment / 2 + 3))
            die("posix_memalign");
        kept[n++] = check(block, alignment);
        free(check(aligned_alloc(alignment, alignment * 2), alignment));
        kept[n++] = check(memalign(alignment, 100), alignment);
    }
    free(check(valloc(5000), 4096));
    kept[n] = check(valloc(1), 4096);
    for (int i = 0; i < n; i += 3)
        free(kept[i]);
    printf("misaligned %lu kept %d\n", (unsigned long)misaligned, n);
    return 0;
}
