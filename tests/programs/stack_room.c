/* SPDX-License-Identifier: MIT */
// flags: -O1 -g -fno-builtin
// libs: -Wl,-z,now
/* Prints how many bytes of a new thread's stack its first malloc uses, and how many a later one,
 * from another place. */
#include "target.h"
#include <limits.h>
#include <pthread.h>

enum { BYTES = 256 << 10, PAINT = 0xa5 };
static unsigned char *stack;

/* Below here nothing has been used yet. */
__attribute__((noinline)) static size_t used_below(const unsigned char *here) {
    const unsigned char *p = stack;
    while (p < here && *p == PAINT)
        p++;
    return (size_t)(here - p);
}

/* What is painted again is below this function's own frame and that of the painter. */
__attribute__((noinline)) static void paint(unsigned char *here) {
    for (unsigned char *p = stack; p < here - 256; p++)
        *(volatile unsigned char *)p = PAINT;
}

__attribute__((noinline)) static size_t first(void) {
    unsigned char *here = __builtin_frame_address(0);
    paint(here);
    free(need(malloc(100)));
    return used_below(here);
}

__attribute__((noinline)) static size_t later(void) {
    unsigned char *here = __builtin_frame_address(0);
    paint(here);
    free(need(malloc(5000)));
    return used_below(here);
}

static void *run(void *unused) {
    size_t a = first();
    size_t b = later();
    printf("%zu %zu\n", a, b);
    return unused;
}

int main(void) {
    pthread_t thread;
    pthread_attr_t attributes;
    free(need(malloc(10)));
    stack = need(aligned_alloc(4096, BYTES));
    memset(stack, PAINT, BYTES);
    if (pthread_attr_init(&attributes) || pthread_attr_setstack(&attributes, stack, BYTES) ||
        pthread_create(&thread, &attributes, run, NULL) || pthread_join(thread, NULL))
        die("no thread");
    return 0;
}
