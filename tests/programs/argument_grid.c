/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin -Wno-alloc-size-larger-than -Wno-use-after-free
/*
 * Every entry point with every odd argument: prints for each call whether it succeeded, errno, the
 * alignment of the result and its usable size, and whether posix_memalign touched its result on
 * failure. Run alone and under a tracker on the same allocator, the output must be the same, byte
 * for byte. `argument_grid portable` leaves out what some allocators do not survive: pvalloc
 * (jemalloc has none: libc's block meets jemalloc's free) and alignments that are no powers of two.
 */
#include "target.h"
#include <errno.h>
#include <malloc.h>
#include <unistd.h>

static const size_t sizes[] = {0,
                               1,
                               7,
                               8,
                               15,
                               16,
                               17,
                               24,
                               25,
                               63,
                               64,
                               65,
                               1000,
                               4095,
                               4096,
                               4097,
                               6000,
                               65536,
                               1u << 20,
                               16777215,
                               SIZE_MAX / 2,
                               SIZE_MAX - 1,
                               SIZE_MAX - 64,
                               SIZE_MAX};
static const size_t alignments[] = {
    0,       1, 2, 3, 4, 8, 16, 24, 32, 48, 64, 100, 4096, 65536, (size_t)1 << 40, (size_t)1 << 63,
    SIZE_MAX};
#define COUNT(array) (sizeof(array) / sizeof *(array))

static int portable;

static size_t alignment_of(const void *block) {
    size_t alignment = (size_t)1 << __builtin_ctzll((unsigned long long)(uintptr_t)block);
    return alignment > 16 ? 16 : alignment; /* more is luck */
}

static void show(const char *what, size_t a, size_t b, void *block) {
    int error = errno;
    printf("%s %zx %zx: ", what, a, b);
    if (keep(block))
        printf("ok %zu usable %zu errno %d\n", alignment_of(block), malloc_usable_size(block),
               error);
    else
        printf("NULL errno %d\n", error);
    free(block);
    errno = 0;
}

/* Some allocators clear what they return: nothing between 64 MiB and the plainly impossible. */
static int is_cheap(size_t n, size_t bytes) {
    size_t product;
    return __builtin_mul_overflow(n, bytes, &product) || product < (64u << 20) ||
           product > SIZE_MAX / 8;
}

static void one_size(size_t bytes) {
    show("malloc", bytes, 0, malloc(bytes));
    show("valloc", bytes, 0, valloc(bytes));
    if (!portable)
        show("pvalloc", bytes, 0, pvalloc(bytes));
    show("realloc NULL", bytes, 0, realloc(NULL, bytes));
    void *old = need(malloc(100));
    void *moved = realloc(old, bytes);
    show("realloc", bytes, 0, moved);
    if (!moved && bytes)
        free(old);
    for (size_t i = 0; i < COUNT(sizes); i++) {
        if (is_cheap(bytes, sizes[i]))
            show("calloc", bytes, sizes[i], calloc(bytes, sizes[i]));
        if (!is_cheap(bytes, sizes[i]))
            continue;
        old = need(malloc(33));
        moved = reallocarray(old, bytes, sizes[i]);
        show("reallocarray", bytes, sizes[i], moved);
        if (!moved && bytes && sizes[i])
            free(old);
    }
}

static void one_alignment(size_t alignment, size_t bytes) {
    void *result = (void *)(uintptr_t)0x5a5a;
    if (portable &&
        (alignment > 65536 || alignment < sizeof(void *) || (alignment & (alignment - 1))))
        return;
    show("aligned_alloc", alignment, bytes, aligned_alloc(alignment, bytes));
    if (alignment <= 65536) /* glibc's memalign searches for a power of two beyond that */
        show("memalign", alignment, bytes, memalign(alignment, bytes));
    int code = posix_memalign(&result, alignment, bytes);
    if (code)
        printf("posix_memalign %zx %zx: %d untouched %d\n", alignment, bytes, code,
               result == (void *)(uintptr_t)0x5a5a);
    else
        show("posix_memalign", alignment, bytes, result);
    errno = 0;
}

int main(int argc, char **argv) {
    portable = argc > 1 && !strcmp(argv[1], "portable");
    sbrk((1 << 20) -
         ((intptr_t)sbrk(0) &
          ((1 << 20) - 1))); /* what is left beside an aligned block hangs on its address */
    errno = 0;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        one_size(sizes[i]);
        for (size_t k = 0; k < COUNT(alignments); k++)
            one_alignment(alignments[k], sizes[i]);
    }
    printf("usable of NULL %zu\n", malloc_usable_size(NULL));
    return 0;
}
