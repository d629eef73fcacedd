/* SPDX-License-Identifier: MIT */
/* Short texts (paths, numbers) without libc: asking about them, reading and building them. */
#ifndef MT_BASE_TEXT_H
#define MT_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline size_t mt_text_bytes(const char *text) {
    size_t n = 0;
    while (text[n] != 0)
        n++;
    return n;
}

/* Tells whether both have the same n bytes. */
static inline bool mt_text_same(const char *a, const char *b, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (a[i] != b[i])
            return false;
    return true;
}

static inline bool mt_text_is(const char *a, const char *b) {
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

static inline bool mt_text_begins(const char *text, const char *with) {
    while (*with && *text == *with) {
        text++;
        with++;
    }
    return *with == 0;
}

/* Returns what a hexadecimal digit in lower case stands for, as the kernel writes them, and -1 for
 * any other character. */
static inline int mt_text_digit(char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Writes at out, never beyond *end, which must be writable, and a NUL behind it. Returns where
 * the NUL is. When that is end, the text may have been cut. */
static inline char *mt_text_put(char *out, const char *end, const char *text) {
    while (*text && out < end)
        *out++ = *text++;
    *out = 0;
    return out;
}

static inline char *mt_text_put_number(char *out, const char *end, uint64_t number) {
    char digits[24], *first = digits + sizeof digits - 1;
    *first = 0;
    do
        *--first = (char)('0' + number % 10);
    while ((number /= 10) != 0);
    return mt_text_put(out, end, first);
}

#endif
