/* SPDX-License-Identifier: MIT */
/* Another file of the same program: it shares the one note, and has a way to fail of its own. */
#include <stdio.h>
#include <stdlib.h>

void elsewhere(void);
static void fail_own(const char *file, int line, const char *message) {
    fprintf(stderr, "own: %s:%d: %s\n", file, line, message);
}
#define MEMTRACK_EXPECT_FAIL(file, line, message) fail_own(file, line, message)
#include <memtrack/expect.h>

static void *volatile kept; /* else the compiler knows that nobody needs the block */

void elsewhere(void) {
    /* breaks: 1 block was allocated, 1 above the budget of 0 */
    MEMTRACK_EXPECT_MAX_BLOCKS(0) {
        kept = malloc(20);
    }
    free(kept);
}
