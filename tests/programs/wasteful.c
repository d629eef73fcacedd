/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
/* Blocks that are larger than what was asked for: prints by how much those that live at the end
 * are, and the usable bytes of all. */
#include <malloc.h>
#include <unistd.h>

#include "target.h"

enum { BLOCKS = 500 };

static void *block[BLOCKS];
static size_t size[BLOCKS], usable_of_all;

static void allocate(int i, size_t bytes) {
    block[i] = need(realloc(block[i], bytes));
    size[i] = bytes;
    usable_of_all += malloc_usable_size(block[i]);
}

int main(void) {
    uint64_t state = 7;
    size_t waste = 0;
    char text[64];
    for (int round = 0; round < 20; round++)
        for (int i = 0; i < BLOCKS; i++) {
            unsigned random = next_random(&state);
            if (random % 3 == 0) {
                free(block[i]);
                block[i] = NULL;
            } else if (random % 3 == 1)
                allocate(i, 1 + random % 3000);
        }
    for (int i = 0; i < BLOCKS; i++)
        if (block[i])
            waste += malloc_usable_size(block[i]) - size[i];
    int n = snprintf(text, sizeof text, "%zu %zu\n", waste, usable_of_all);
    return write(STDOUT_FILENO, text, (size_t)n) != n;
}
