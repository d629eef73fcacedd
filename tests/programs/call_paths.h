/* SPDX-License-Identifier: MIT */
/* A call path for each number: a recursion with two call sites, one of which is taken at each step
 * by a bit of the number. */
#ifndef MT_TESTS_CALL_PATHS_H
#define MT_TESTS_CALL_PATHS_H

#include "target.h"

/* A block of so many bytes, allocated at the end of the path; NULL when there is none. */
__attribute__((noinline)) static void *descend(unsigned path, int depth, size_t bytes) {
    void *block;
    if (depth == 0)
        block = malloc(bytes);
    else if (path & 1)
        block = descend(path >> 1, depth - 1, bytes);
    else
        block = keep(descend(path >> 1, depth - 1, bytes));
    return keep(block);
}

#endif
