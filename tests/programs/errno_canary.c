/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin -Wno-alloc-size-larger-than
// libs: -lpthread
/*
 * errno around every entry point: a success must not touch it, free never, a failure sets what libc
 * sets. The slow paths of a tracker hide in the first call of a thread and where its tables grow,
 * so everything runs in new threads and among a million live blocks as well. `errno_canary
 * portable` leaves out pvalloc, which jemalloc lacks.
 */
#include "target.h"
#include <errno.h>
#include <malloc.h>
#include <pthread.h>

enum { CANARY = 4711 };
static int changed, portable;

#define QUIET(expression)                                                                          \
    do {                                                                                           \
        errno = CANARY;                                                                            \
        expression;                                                                                \
        if (errno != CANARY) {                                                                     \
            printf("%s: errno %d\n", #expression, errno);                                          \
            changed++;                                                                             \
        }                                                                                          \
    } while (0)

static void successes(size_t bytes) {
    void *a, *b = NULL;
    QUIET(a = malloc(bytes));
    QUIET(a = realloc(a, bytes * 2 + 1));
    QUIET(a = reallocarray(a, 3, bytes));
    QUIET(free(a));
    QUIET(a = calloc(bytes, 2));
    QUIET(free(a));
    QUIET(a = aligned_alloc(64, bytes));
    QUIET(free(a));
    QUIET(a = memalign(64, bytes));
    QUIET(free(a));
    QUIET(a = valloc(bytes));
    QUIET(free(a));
    QUIET(a = portable ? NULL : pvalloc(bytes));
    QUIET(free(a));
    QUIET(if (posix_memalign(&b, 64, bytes)) b = NULL);
    QUIET(malloc_usable_size(b));
    QUIET(free(b));
    QUIET(free(NULL));
}

static void failures(void) {
    volatile size_t huge = SIZE_MAX / 2;
    void *block = need(malloc(10)), *result = &changed;
    errno = CANARY;
    int code = posix_memalign(&result, 64, huge);
    printf("posix_memalign %d errno %d\n", code, errno);
    errno = CANARY;
    code = posix_memalign(&result, 24, 10);
    printf("posix_memalign 24 %d errno %d untouched %d\n", code, errno, result == &changed);
    errno = 0;
    result = realloc(block, huge);
    printf("realloc %d errno %d\n", result != NULL, errno);
    errno = 0;
    result = calloc(huge, 8);
    printf("calloc %d errno %d\n", result != NULL, errno);
    free(block);
}

static void *in_thread(void *unused) {
    successes(100);
    return unused;
}

int main(int argc, char **argv) {
    portable = argc > 1 && !strcmp(argv[1], "portable");
    successes(10);
    successes(300000);
    failures();
    for (int i = 0; i < 100; i++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, in_thread, NULL))
            die("pthread_create");
        pthread_join(thread, NULL);
    }
    for (size_t i = 0; i < 1000000; i++)
        QUIET(keep(malloc(i % 50)));
    printf("changed %d\n", changed);
    return changed != 0;
}
