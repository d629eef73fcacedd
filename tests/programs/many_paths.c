/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
/* `many_paths N [LIVE]`: N allocations of 16 to 115 bytes, each through a call path of its own
 * (twenty steps of two call sites each, by the number of the allocation). Only the last LIVE blocks
 * (default 1) are kept; at the end all are freed. */
#include "call_paths.h"

enum { DEPTH = 20 };

int main(int argc, char **argv) {
    unsigned n = argc > 1 ? (unsigned)atoi(argv[1]) : 1000,
             live = argc > 2 ? (unsigned)atoi(argv[2]) : 1;
    void **block = need(calloc(live, sizeof *block));
    for (unsigned i = 0; i < n; i++) {
        free(block[i % live]);
        block[i % live] = need(descend(i, DEPTH, 16 + i % 100));
    }
    for (unsigned i = 0; i < live; i++)
        free(block[i]);
    free(block);
    return 0;
}
