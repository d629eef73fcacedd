/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
/* Allocates blocks of 32 KiB until there is no memory, or 10000, frees them and prints how many
 * there were. */
#include "target.h"

int main(void) {
    static void *block[10000];
    int n = 0;
    while (n < 10000 && (block[n] = malloc(32 << 10)) != NULL)
        n++;
    int all = n;
    while (n > 0)
        free(block[--n]);
    printf("%d\n", all);
    return 0;
}
