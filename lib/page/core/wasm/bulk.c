/* SPDX-License-Identifier: MIT */
/*
 * Copying and clearing by the machine's own instructions, which WASI's libc does not use: a fifth of
 * the time in which a large profile is read. They cost a call into the engine, so what is short is
 * copied here. Compiled with -mbulk-memory (build.sh), which makes instructions of the built-ins.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { SHORT = 32 };

typedef uint64_t word __attribute__((may_alias, aligned(1)));

void *memcpy(void *restrict to, const void *restrict from, size_t n) {
    if (n >= SHORT)
        return __builtin_memcpy(to, from, n);
    char *t = to;
    const char *f = from;
    for (; n >= sizeof(word); n -= sizeof(word)) {
        *(word *)t = *(const word *)f;
        t += sizeof(word);
        f += sizeof(word);
    }
    while (n--)
        *t++ = *f++;
    return to;
}

void *memmove(void *to, const void *from, size_t n) {
    return __builtin_memmove(to, from, n);
}

void *memset(void *to, int byte, size_t n) {
    return __builtin_memset(to, byte, n);
}
