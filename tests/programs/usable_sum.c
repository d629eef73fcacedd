/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
/* The sum of the usable sizes over 1..100,000, and every usable byte is written. */
#include "target.h"
#include <malloc.h>

int main(void) {
    size_t sum = 0;
    for (size_t i = 1; i <= 100000; i++) {
        char *block = need(malloc(i));
        size_t usable = malloc_usable_size(block);
        memset(block, 1, usable);
        sum += usable;
        free(block);
    }
    printf("%zu\n", sum);
    return 0;
}
