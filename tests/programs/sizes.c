/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
/* Every order of magnitude: 0, the neighbours of each power of two up to 64 MiB, and 5 GiB that is
 * never touched. The blocks of even powers stay. */
#include "target.h"

int main(void) {
    for (int i = 0; i < 10; i++)
        free(need(malloc(0)));
    keep(need(malloc(0)));
    for (unsigned power = 0; power <= 26; power++) {
        size_t size = (size_t)1 << power;
        void *below = need(malloc(size - 1));
        void *exact = need(malloc(size));
        void *above = need(malloc(size + 1));
        free(exact);
        if (power % 2) {
            free(below);
            free(above);
        }
    }
    void *huge = malloc((size_t)5 << 30);
    if (!keep(huge)) {
        puts("5 GiB of address space are not to be had");
        return TARGET_SKIP;
    }
    free(huge);
    return 0;
}
