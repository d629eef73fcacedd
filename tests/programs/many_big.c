/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
/* Many blocks of 17 MiB, none of which is touched: every other one is freed and made anew, then all
 * are freed in order. */
#include "target.h"

enum { BLOCKS = 300, BYTES = 17 << 20 };

int main(void) {
    static void *block[BLOCKS];
    for (int i = 0; i < BLOCKS; i++)
        if (!(block[i] = malloc(BYTES))) {
            printf("no address space for %d blocks of %d bytes\n", BLOCKS, BYTES);
            return TARGET_SKIP;
        }
    for (int i = 0; i < BLOCKS; i += 2)
        free(block[i]);
    for (int i = 0; i < BLOCKS; i += 2)
        block[i] = need(malloc(BYTES));
    for (int i = 0; i < BLOCKS; i++)
        free(block[i]);
    return 0;
}
