/* SPDX-License-Identifier: MIT */
/* Building short texts (paths, numbers) without libc. */
#ifndef MT_BASE_TEXT_H
#define MT_BASE_TEXT_H

#include <stdbool.h>
#include <stdint.h>

/* Writes at out, never beyond *end, which must be writable, and a NUL behind it. Returns where
 * the NUL is. When that is end, the text may have been cut. */
static inline char *mt_text_put(char *out, const char *end, const char *text) {
    while (*text && out < end)
        *out++ = *text++;
    *out = 0;
    return out;
}

static inline bool mt_text_begins(const char *text, const char *with) {
    while (*with && *text == *with) {
        text++;
        with++;
    }
    return *with == 0;
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
