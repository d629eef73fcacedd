/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin -Wno-alloc-size-larger-than -Wno-use-after-free
/* Allocations that fail in every way they can, and blocks that outlive a failed realloc. Prints how
 * many failed. */
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

/* Not every allocator sets errno for these. */
static void expect_failure(void *result) {
    if (keep(result))
        die("%p", result);
    errno = 0;
    failed++;
}

/* Products that overflow, to 0, to little and to much. 3 calls for each of 21 pairs. */
static void *overflow(void *kept) {
    static const size_t factor[] = {(size_t)1 << 31, (size_t)1 << 32, ((size_t)1 << 32) + 1,
                                    (size_t)1 << 33, SIZE_MAX / 2,    (size_t)1 << 63,
                                    SIZE_MAX};
    enum { N = sizeof factor / sizeof *factor };
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            volatile size_t n = factor[i], bytes = factor[j];
            size_t product;
            if (i > j || !__builtin_mul_overflow(n, bytes, &product))
                continue;
            expect_failure(calloc(n, bytes));
            expect_failure(reallocarray(NULL, n, bytes));
            expect_failure(reallocarray(kept, n, bytes));
        }
    return kept;
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
    kept = overflow(kept);
    if (kept[99] != 'k')
        die("a failed realloc touched the block");
    kept = need(realloc(kept, 200));
    free(kept);
    free(NULL);
    printf("failed %d\n", failed);
    return 0;
}
