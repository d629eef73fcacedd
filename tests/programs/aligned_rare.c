/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
/* pvalloc, and realloc of aligned blocks: what valgrind 3.19 and heaptrack 1.4 do not follow. */
#include "target.h"
#include <malloc.h>

int main(void) {
    void *kept[10];
    for (size_t i = 0; i < 10; i++) {
        kept[i] = need(pvalloc(i * 1000 + 1));
        void *moved = need(memalign(256, 300));
        moved = need(realloc(moved, 3000 * (i + 1)));
        free(moved);
    }
    for (int i = 0; i < 10; i += 2)
        free(kept[i]);
    printf("%d\n", (int)((uintptr_t)kept[1] % 4096));
    return 0;
}
