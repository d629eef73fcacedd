/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin -Wno-alloc-size-larger-than -Wno-use-after-free
/* Allocations that fail in every way they can, and blocks that outlive a failed realloc. Prints how many failed. */
#include "target.h"
#include <errno.h>
#include <malloc.h>

static int failed;

static void expect_null(void *result, int error) {
    if (keep(result) || errno != error)
        die("%p, errno %d instead of %d", (void *)result, errno, error);
    errno = 0;
    failed++;
}

int main(void) {
    volatile size_t huge = SIZE_MAX / 2, half = SIZE_MAX / 3;
    char *kept = need(malloc(100));
    memset(kept, 'k', 100);
    errno = 0;
    for (int i = 0; i < 20; i++) {
        expect_null(malloc(huge), ENOMEM);
        expect_null(calloc(half, 4), ENOMEM);
        expect_null(realloc(kept, huge), ENOMEM);
        expect_null(reallocarray(kept, half, 5), ENOMEM);
        expect_null(aligned_alloc(64, huge), ENOMEM);
        expect_null(realloc(NULL, huge), ENOMEM);
        expect_null(valloc(huge), ENOMEM);
        void *untouched = &failed;
        if (posix_memalign(&untouched, 64, huge) != ENOMEM || untouched != &failed)
            die("posix_memalign touched its result");
        failed++;
    }
    if (kept[99] != 'k')
        die("a failed realloc touched the block");
    kept = need(realloc(kept, 200));
    free(kept);
    free(NULL);
    printf("failed %d\n", failed);
    return 0;
}
