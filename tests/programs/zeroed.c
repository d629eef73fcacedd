/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
/* calloc and reallocarray with many shapes of the same product, zero among them. */
#include "target.h"

static int all_zero(const unsigned char *bytes, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (bytes[i])
            return 0;
    return 1;
}

int main(void) {
    int zero = 1;
    void *kept[64];
    for (size_t n = 0; n < 64; n++) {
        unsigned char *block = need(calloc(n, 64 - n));
        zero &= all_zero(block, n * (64 - n));
        memset(block, 0xff, n * (64 - n));
        free(block);
        kept[n] = need(calloc(64 - n, 3));
    }
    unsigned char *big = need(calloc(1024, 1024));
    zero &= all_zero(big, 1 << 20);
    big = need(reallocarray(big, 1024, 2048));
    big = need(reallocarray(big, 5, 7));
    free(big);
    for (int i = 0; i < 64; i += 2)
        free(kept[i]);
    printf("zero %d\n", zero);
    return 0;
}
