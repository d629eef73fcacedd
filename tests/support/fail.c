/* SPDX-License-Identifier: MIT */
/*
 * Injects one failure: in the program named $FAIL_IN the $FAIL_AT-th allocation returns NULL with
 * ENOMEM. Stands in front of libc's allocator, alone or behind the tracker; only programs of that
 * name count, so that launchers live.
 */
#include "next.h"

#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

extern char **environ;
static atomic_long calls;
static long fail_at = -1; /* -1: not known yet */

static int fails(void) {
    if (fail_at < 0) {
        if (!environ || !program_invocation_short_name)
            return 0;
        const char *program = getenv("FAIL_IN"), *at = getenv("FAIL_AT");
        fail_at = program && at && !strcmp(program, program_invocation_short_name) ? atol(at) : 0;
    }
    if (!fail_at || atomic_fetch_add(&calls, 1) + 1 != fail_at)
        return 0;
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t bytes) {
    return fails() ? NULL : NEXT(malloc)(bytes);
}

void *calloc(size_t n, size_t bytes) {
    return fails() ? NULL : NEXT(calloc)(n, bytes);
}

void *realloc(void *block, size_t bytes) {
    return bytes && fails() ? NULL : NEXT(realloc)(block, bytes);
}

void *memalign(size_t alignment, size_t bytes) {
    return fails() ? NULL : NEXT(memalign)(alignment, bytes);
}

void *aligned_alloc(size_t alignment, size_t bytes) {
    return fails() ? NULL : NEXT(aligned_alloc)(alignment, bytes);
}

int posix_memalign(void **out, size_t alignment, size_t bytes) {
    return fails() ? ENOMEM : NEXT(posix_memalign)(out, alignment, bytes);
}

void free(void *block) {
    NEXT(free)(block);
}
